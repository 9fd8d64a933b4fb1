"""Open questions about one ECG as people type them; each is answered with a report.

A small language model that met twelve wordings of "report this ECG" answers a thirteenth with nonsense, so the wordings
are many. `HELD_OUT` appears in the test split only.
"""

OPEN: tuple[str, ...] = (
    "What's wrong with this ECG?", "what is wrong here", "Anything wrong with this heart?",
    "Is something wrong with him?", "Is she okay?", "Is the patient ok?", "Is this patient alright?",
    "Are there any problems?", "any problem here?", "What do you see?", "what do you see here",
    "Tell me what you see.", "Tell me about this ECG.", "Tell me everything.", "Talk me through this ECG.",
    "Walk me through this tracing.", "Explain this ECG to me.", "explain my ecg please",
    "Can you explain what this ECG shows?", "What is going on here?", "what's going on with this heart",
    "What is happening in this recording?", "What do you make of this?", "what do you think",
    "What do you think of it?", "Your opinion on this ECG?", "your thoughts please", "I would like a second opinion.",
    "Second opinion please.", "Please have a look at this ECG.", "have a look", "Could you check this ECG?",
    "Please check this recording.", "Check this for me.", "Can you look at this trace?", "Read this.",
    "read this ecg", "ecg interpretation", "interpret", "interpretation please", "interpretation?", "report",
    "report please", "full report", "Full report, please.", "diagnosis?", "What is the diagnosis?",
    "What's your diagnosis?", "Give me the diagnosis.", "ddx?", "Diagnose this.", "findings?",
    "What are the findings?", "List the findings.", "List all findings of this ECG.", "main findings",
    "Which abnormalities do you find?", "What abnormalities are there?", "Name the abnormalities.",
    "List everything that is abnormal.", "What is abnormal about it?", "What stands out?", "What catches your eye?",
    "What should I know about this ECG?", "What should I notice here?", "What would a cardiologist say about this?",
    "What would you write in the chart?", "Write the note for the chart.", "Dictate the ECG findings.",
    "How would you describe this ECG?", "Describe this tracing.", "describe", "Describe the ECG of this patient.",
    "How does this ECG look?", "how does it look", "How is the ECG?", "How is this heart doing?", "Analyse this ECG.",
    "analyze this ecg", "Please analyse the recording.", "analysis", "Evaluate this ECG.",
    "Assess this electrocardiogram.", "Review this tracing for me.", "Please review.", "Comment on this ECG.",
    "What does it show?", "what does this show", "What does the recording show?", "What is shown here?",
    "What can you tell me about this ECG?", "What can be seen on this ECG?", "What does the heart do here?",
    "What is your conclusion?", "What is your assessment?", "What is your impression?", "Impression?", "conclusion?",
    "Result?", "results please", "What is the result?", "So, what is it?", "Well?", "And?", "Help me with this ECG.",
    "I need help reading this ECG.", "I don't understand this ECG, can you help?", "I found this ECG, what is it?",
    "This is my father's ECG, what does it show?", "This is my ECG. What does it mean?", "What does my ECG say?",
    "Patient with palpitations, what does the ECG show?", "ECG of a patient with chest pain: what do you see?",
    "Preoperative ECG, please report.", "Routine ECG, please read.", "Is there anything I should worry about?",
    "anything scary?", "Anything I should not miss?", "Anything remarkable?", "Anything interesting?",
    "Anything new?", "Should I be worried about this ECG?",
    "Is this serious?",
)  # fmt: skip
BRIEFLY: tuple[str, ...] = (
    "Summarise in one sentence.", "Summary in one sentence, please.", "Sum up for the GP in one sentence.", "tl;dr",
    "tldr please", "short version", "The short version, please.", "in brief?", "briefly please", "one line",
    "In one sentence?", "In a nutshell?", "Bottom line?", "What's the bottom line?", "Key message?", "main point?",
    "Give me the headline.", "Quick read please.", "quick summary", "Short summary?", "Summary?", "summary please",
    "Just tell me the main thing.", "What is the most important finding?", "Most important finding?",
    "Headline diagnosis?", "For the handover, one line please.", "One line for the discharge letter.",
)  # fmt: skip
HELD_OUT: tuple[str, ...] = (
    "What is this ECG telling us?", "Please interpret for me", "Any concerns on this one?", "What would you report?",
    "could you read this ecg pls", "Give me your read.", "how's the heart?", "What did you find?",
    "Tell me the findings.", "What's the matter with this tracing?", "Does anything here look abnormal to you?",
    "Everything you can see, please.",
)  # fmt: skip
