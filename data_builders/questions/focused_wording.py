"""How people ask about one thing in an ECG: wordings per aspect, open ones and such that want a yes or a no.

The last wording of each list is for the test split only, so that a test question is one that training never saw.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Wording:
    """The questions on one aspect."""

    noun: str
    """How it is named in a question on two aspects, and in a follow-up; "" where it has no short name."""
    open: tuple[str, ...]
    if_normal: tuple[str, ...] = ()
    """Answered with "yes" where all is well."""
    if_abnormal: tuple[str, ...] = ()
    """Answered with "yes" where something is wrong."""


WORDINGS = {
    "rhythm": Wording("rhythm", (
        "What's the rhythm doing?", "Tell me about the rhythm.", "rhythm?", "Comment on the rhythm, please.",
        "What rhythm is he in?", "What rhythm is the patient in?", "How would you name the rhythm?",
        "Just the rhythm, please.", "Which rhythm am I looking at?", "Rhythm analysis, please.", "How is the rhythm?",
    ), (
        "Is the rhythm ok?", "Rhythm normal?", "Is the rhythm fine?", "Does the heart beat in a normal rhythm?",
        "Is the rhythm alright?",
    ), (
        "Is there an arrhythmia?", "Anything wrong with the rhythm?", "Is the rhythm disturbed?",
        "Is there any rhythm problem?", "Do you see a rhythm disorder?",
    )),
    "rate": Wording("heart rate", (
        "How fast is the heart?", "How fast does it beat?", "pulse?", "Rate?", "What about the heart rate?",
        "Comment on the rate.", "Too fast or too slow?", "How many beats per minute?", "Tell me about the heart rate.",
        "And how fast is this heart beating?",
    ), (
        "Is the heart rate ok?", "Is the rate within limits?", "Rate normal?", "Is the pulse fine?",
        "Is the heart rate as it should be?",
    ), (
        "Is the heart rate abnormal?", "Is the heart too fast or too slow?", "Anything wrong with the rate?",
        "Is the rate out of range?", "Is the rate unusual?",
    )),
    "axis": Wording("axis", (
        "Where does the axis point?", "Tell me about the axis.", "axis?", "How is the electrical axis?",
        "Comment on the axis, please.", "Which way does the axis go?", "What about the QRS axis?",
        "Frontal axis, please.",
        "What do you say about the axis?",
    ), (
        "Is the axis ok?", "Axis normal?", "Is the axis where it should be?", "Does the axis point the usual way?",
        "Is the axis fine?",
    ), (
        "Is the axis deviated?", "Anything wrong with the axis?", "Is there an axis deviation?",
        "Is the axis off?", "Has the axis shifted?",
    )),
    "P waves": Wording("P waves", (
        "How are the P waves?", "Tell me about the P waves.", "p waves?", "What do the P waves look like?",
        "Comment on the P waves.", "What about the atria?", "How do the atria look?", "Describe the P wave.",
        "What do you say about atrial activity?",
    ), (
        "Are the P waves normal?", "P waves ok?", "Do the atria look normal?", "Is the P wave as it should be?",
        "Are the P waves alright?",
    ), (
        "Is anything wrong with the P waves?", "Are the atria abnormal?", "Is there a problem in the atria?",
        "Are the P waves abnormal?", "Do the P waves look odd?",
    )),
    "conduction": Wording("conduction", (
        "How is the conduction?", "Tell me about conduction.", "conduction?", "What about the conduction system?",
        "Comment on AV and ventricular conduction.", "How does the impulse travel?", "Describe the conduction.",
        "Any blocks?", "How well is the impulse conducted?",
    ), (
        "Is conduction normal?", "Conduction ok?", "Is the conduction system fine?",
        "Does the impulse take its usual way?",
        "Is conduction alright?",
    ), (
        "Is there a conduction problem?", "Any block here?", "Is there a conduction delay?",
        "Is the conduction disturbed?", "Is there a fault in the conduction system?",
    )),
    "PR interval": Wording("PR interval", (
        "How is the PR interval?", "Tell me about the PR.", "PR?", "What about AV conduction?",
        "Comment on the PR interval.",
        "How long does the impulse take to the ventricles?", "Describe AV conduction.", "pq time?",
        "What do you say about the PR time?",
    ), (
        "PR ok?", "Is AV conduction normal?", "Is the PR within limits?", "Does the AV node conduct normally?",
        "Is the PR time fine?",
    ), (
        "Is the PR prolonged or short?", "Is there an AV block?", "Is anything wrong with the PR interval?",
        "Is AV conduction delayed?", "Does the PR interval look abnormal?",
    )),
    "QRS complexes": Wording("QRS complexes", (
        "How does the QRS look?", "Tell me about the QRS complexes.", "QRS?", "What about the QRS?",
        "Comment on the QRS complex.", "Describe the QRS complexes.", "How wide is the QRS, and what is its shape?",
        "Width and form of the QRS, please.", "What do you say about the ventricular complexes?",
    ), (
        "Is the QRS normal?", "QRS ok?", "Are the QRS complexes normal?", "Is the QRS narrow and normal?",
        "Are the ventricular complexes fine?",
    ), (
        "Is the QRS abnormal?", "Anything wrong with the QRS?", "Are the QRS complexes abnormal?",
        "Is there something odd about the QRS?", "Do the ventricular complexes look wrong?",
    )),
    "voltage": Wording("QRS voltage", (
        "How is the voltage?", "Tell me about the voltages.", "voltage?", "Are the complexes small or tall?",
        "Comment on the QRS voltage.", "What about the amplitudes?", "How tall are the QRS complexes?",
        "What do you say about the voltage?",
    ), (
        "Is the voltage normal?", "Voltage ok?", "Are the amplitudes of the QRS normal?",
        "Is the QRS voltage as usual?",
        "Are the voltages fine?",
    ), (
        "Is the voltage abnormal?", "Is the voltage too low or too high?", "Anything wrong with the voltages?",
        "Are the amplitudes unusual?", "Does the voltage stand out?",
    )),
    "R progression": Wording("R progression", (
        "How is the R wave progression?", "Tell me about the R progression.", "R progression?",
        "Where is the transition zone?", "Comment on the R waves from V1 to V6.",
        "How do the R waves grow across the chest leads?",
        "What about the precordial R waves?", "What do you say about R progression?",
    ), (
        "Is the R wave progression normal?", "R progression ok?", "Do the R waves grow normally from V1 to V6?",
        "Is the transition where it should be?", "Is R progression fine?",
    ), (
        "Is the R progression abnormal?", "Is R progression poor?", "Anything wrong with the R progression?",
        "Is something odd about the R waves in the chest leads?", "Does the R wave fail to grow?",
    )),
    "ST segments": Wording("ST segments", (
        "How are the ST segments?", "Tell me about the ST segment.", "ST?", "What do the ST segments show?",
        "Comment on the ST segments.", "What about ST?", "Where is the ST segment?", "Describe the ST segments.",
        "What do you say about the ST segments?",
    ), (
        "Are the ST segments normal?", "ST ok?", "Is the ST segment isoelectric?", "Is ST where it should be?",
        "Are the ST segments fine?",
    ), (
        "Are there ST changes?", "Is anything wrong with the ST segments?", "Is the ST segment abnormal?",
        "Is ST shifted anywhere?", "Do the ST segments look abnormal?",
    )),
    "T waves": Wording("T waves", (
        "How are the T waves?", "Tell me about the T waves.", "T waves?", "What do the T waves look like?",
        "Comment on the T waves.", "What about the T waves?", "Describe the T waves.",
        "How is repolarisation in the T wave?",
        "What do you say about the T waves?",
    ), (
        "Are the T waves normal?", "T waves ok?", "Do the T waves look fine?",
        "Is the T wave upright where it should be?",
        "Are the T waves alright?",
    ), (
        "Is anything wrong with the T waves?", "Are the T waves abnormal?", "Are there T wave changes?",
        "Is something odd about the T waves?", "Do the T waves look wrong?",
    )),
    "QT interval": Wording("QT interval", (
        "How is the QT?", "Tell me about the QT interval.", "QT?", "How long is the QT, corrected for rate?",
        "Comment on the QT interval.", "What about the QTc?", "QT and QTc, please.", "qtc please",
        "What do you say about the QT time?",
    ), (
        "QTc ok?", "Is the QT within limits?", "Is the corrected QT fine?", "QT normal?", "Is the QT time alright?",
    ), (
        "Is the QT prolonged?", "Is the QTc too long?", "Anything wrong with the QT?", "Is the QT abnormal?",
        "Does the QT stand out?",
    )),
    "hypertrophy": Wording("", (
        "What about hypertrophy?", "What about the size of the heart?", "hypertrophy?",
        "Comment on hypertrophy and enlargement.",
        "Tell me about the chambers.", "Which chamber is too big, if any?", "How are the chambers?",
        "What do you say about hypertrophy?",
    ), (
        "Are the chambers of normal size by the ECG?", "Are the chambers ok?", "Is the heart free of hypertrophy?",
        "Do the ventricles and atria look normal in size?", "Are the heart chambers fine?",
    ), (
        "Is there any hypertrophy?", "Is the heart enlarged?", "Is a chamber enlarged?",
        "Does the muscle look thickened?",
        "Any sign of enlargement?", "Are there signs of a thick or big heart?",
    )),
    "ischaemia": Wording("", (
        "What about ischaemia?", "What about the coronaries?", "ischaemia or infarction?", "Infarct?",
        "Tell me about ischaemia and infarction.", "Comment on ischaemia.", "What does it say about an infarct?",
        "What do you say about myocardial damage?",
    ), (
        "Is it free of ischaemia and infarction?", "Is the blood supply of the heart fine by this ECG?",
        "Can you see that there was no infarction?", "Clean of any infarct or ischaemia?",
        "Is the heart muscle undamaged by this ECG?",
    ), (
        "Is there any ischaemia?", "Any sign of infarction or ischaemia?", "Did he have a heart attack?",
        "Does the heart muscle get too little blood?", "Is there evidence of a coronary problem?",
    )),
    "extra beats": Wording("", (
        "What about extra beats?", "extrasystoles?", "Ectopy?", "Tell me about premature beats.",
        "Which beats come early?", "Comment on ectopic beats.", "How about ectopics?", "What do you say about ectopy?",
    ), (
        "Is it free of extra beats?", "Do all beats come in time?", "Are all beats normal ones?", "No ectopics, right?",
        "Is every beat on time?",
    ), (
        "Any extra beats?", "Any ectopics?", "Are there early beats in it?", "Does the heart skip or add beats?",
        "Does any beat come too early?",
    )),
    "urgency": Wording("", (
        "How urgent is this?", "How quickly must I act on this ECG?", "How worried should I be?", "urgent?",
        "Can this wait?", "How bad is it?", "Does the patient need help now or later?", "Triage this ECG.",
        "How soon must somebody act?",
    ), (
        "Is it free of anything acute?", "Is all quiet here?", "Is it free of anything urgent?",
        "Is this ECG free of dangerous findings?", "Is it a calm ECG?",
    ), (
        "Anything acute?", "Is this an emergency?", "Is there anything life-threatening?", "Must I act at once?",
        "Anything dangerous here?", "Is it urgent?", "Do I have to hurry?",
    )),
    "next": Wording("", (
        "What should I do next?", "What would you do now?", "next steps?", "What now?", "What do you advise?",
        "How would you go on with this patient?", "What should be done about this ECG?", "Any advice?",
        "What is your recommendation?", "What would be the next thing to do?",
    )),
    "quality": Wording("signal quality", (
        "How good is the recording?", "Tell me about the signal quality.", "quality?", "How clean is the trace?",
        "Comment on the quality.", "What about noise?", "Which leads are of poor quality?",
        "How is the quality of the leads?",
        "What do you say about the quality?",
    ), (
        "Is the recording good?", "Is the quality ok?", "Are all leads readable?", "Is the signal clean?",
        "Is this a good recording?",
    ), (
        "Is the recording disturbed?", "Are there bad leads?", "Is anything wrong with the signal?",
        "Must the recording be repeated?", "Is the trace spoilt anywhere?",
    )),
    "against normal": Wording("", (
        "How does this differ from a normal ECG?", "Compare it with a normal ECG.", "What is not as in a normal ECG?",
        "What would look different in a healthy heart?", "In what respect is it abnormal?",
        "Where does it depart from normal?", "Which parts are abnormal and which number is out of range?",
        "What sets it apart from a normal tracing?",
    ), (
        "Does it look like a normal ECG?", "Same as a normal ECG?", "Is all of it as in a healthy person?",
        "Would a normal ECG look like this?", "Is it like a healthy ECG?",
    ), (
        "Does it differ from a normal ECG?", "Is anything out of the normal range?",
        "Does anything depart from normal?",
        "Is it different from a healthy ECG?", "Is something not as in a normal ECG?",
    )),
    "plain words": Wording("", (
        "Explain it to the patient.", "What do I tell the patient?", "In plain words, please.",
        "Explain this ECG so that a layman understands it.", "How would you say it to my grandmother?",
        "Put it in simple words.", "What does it mean for me, in simple terms?", "Say it without medical words.",
        "Tell me as if I were no doctor.", "How do I explain this to the family?",
        "Could you put this into everyday language?",
    )),
}  # fmt: skip
TWO = (
    "How are the {a} and the {b}?", "Tell me about {a} and {b}.", "What about the {a} and the {b}?",
    "Comment on {a} and {b}, please.", "{A} and {b}?", "I need the {a} and the {b}.", "Please look at {a} and {b}.",
    "Describe the {a} and the {b}.",
)  # fmt: skip
AND = (
    "And the {}?", "What about the {}?", "And how about the {}?", "Now the {}, please.", "How about the {}?",
    "Anything on the {}?", "Please comment on the {} too.", "The {} as well, please.",
)  # fmt: skip
