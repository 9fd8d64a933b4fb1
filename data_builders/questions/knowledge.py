"""What ECG terms mean, in our own words, and questions that an ECG cannot answer."""

from __future__ import annotations

import random

from .view import Dialogue, View

_ASK = (
    "What is {}?", "What does {} mean?", "Explain {}.", "Can you explain {} in simple words?", "Define {}.",
    "Tell me what {} is.", "I have read about {}; what is that?", "What should I understand by {}?",
    "Please give a short definition of {}.",
)  # fmt: skip
_EXPLAIN = ("What does {} mean?", "Explain {}.", "Can you explain {} in simple words?", "Define {}.",
            "Please give a short definition of {}.")  # fmt: skip
# "What is the PR interval?" asks for the value.
MEASURED_TERMS = ("the PR interval", "the QT interval", "QTc", "the heart axis")
CONCEPTS = {
    "the P wave": "The P wave is the small first wave of a beat. It shows the electrical activation of the "
        "atria, which starts in the sinus node.",
    "the PR interval": "The PR interval runs from the start of the P wave to the start of the QRS complex: "
        "the time from atria to ventricles. 120-200 ms is normal.",
    "the QRS complex": "The QRS complex is the steep deflection of a beat and shows the activation of the "
        "ventricles. It normally lasts less than 120 ms.",
    "the T wave": "The T wave follows the QRS complex and shows how the ventricles recover electrically. "
        "It usually points the same way as the QRS complex.",
    "the ST segment": "The ST segment lies between the QRS complex and the T wave. It is normally level; a "
        "shift can mean injury or ischaemia of the heart muscle.",
    "the QT interval": "The QT interval lasts from the start of the QRS complex to the end of the T wave. "
        "It covers activation and recovery of the ventricles and shortens at fast rates.",
    "QTc": "QTc is the QT interval corrected for the heart rate, so that values at different rates can be "
        "compared. Bazett divides QT by the square root of the RR interval in seconds.",
    "the heart axis": "The heart axis is the main direction of ventricular activation in the frontal "
        "plane, in degrees. -30° to 90° is normal in adults.",
    "sinus rhythm": "In sinus rhythm the sinus node sets the pace: every QRS complex follows a P wave that "
        "is upright in leads I and II, at 60-100/min at rest.",
    "atrial fibrillation": "In atrial fibrillation the atria are activated without order. P waves are "
        "missing, the baseline flickers and the RR intervals are irregular.",
    "atrial flutter": "In atrial flutter a circling wave activates the atria about 300 times a minute, "
        "seen as saw-tooth waves. Often only every second or fourth wave reaches the ventricles.",
    "a premature ventricular contraction": "A premature ventricular contraction is an early beat from the "
        "ventricles. Its QRS complex is wide, no P wave leads to it, and a pause often follows.",
    "a premature atrial contraction": "A premature atrial contraction is an early beat from the atria "
        "outside the sinus node. Its P wave looks different, and the QRS complex is usually narrow.",
    "left bundle branch block": "In left bundle branch block the left ventricle is activated late. The QRS "
        "complex lasts 120 ms or more, broad and notched in I, aVL and V6, mainly negative in V1.",
    "right bundle branch block": "In right bundle branch block the right ventricle is activated late. The "
        "QRS complex lasts 120 ms or more, with a second R wave in V1 and a broad S wave in I and V6.",
    "left anterior fascicular block": "In left anterior fascicular block the front part of the left bundle "
        "does not conduct. The axis turns to the left, beyond -45°, and the QRS complex stays narrow.",
    "first-degree AV block": "In first-degree AV block every beat is conducted, but slowly: the PR "
        "interval is longer than 200 ms.",
    "third-degree AV block": "In third-degree AV block no atrial beat reaches the ventricles. P waves and "
        "QRS complexes follow their own rhythms, the ventricles slowly.",
    "the Wolff-Parkinson-White pattern": "In the Wolff-Parkinson-White pattern an extra pathway excites "
        "the ventricles early: short PR interval, a slurred start of the QRS complex (delta wave) and a "
            "wide QRS complex.",
    "left ventricular hypertrophy": "Left ventricular hypertrophy is a thickened left ventricle. On the "
        "ECG it shows as high voltage, for instance S in V1 plus R in V5 of 3.5 mV or more.",
    "a myocardial infarction": "A myocardial infarction is the death of heart muscle after a vessel is "
        "blocked. The ECG can show ST elevation at first and lasting Q waves later.",
    "ST elevation": "ST elevation is a shift of the ST segment above the baseline. It may mean acute "
        "injury of the heart muscle and, with symptoms, is an emergency.",
    "a pathological Q wave": "A pathological Q wave is a deep or wide first downward deflection of the QRS "
        "complex, a sign of old infarction if it occurs in neighbouring leads.",
    "sinus arrhythmia": "In sinus arrhythmia the sinus node changes its pace a little, mostly with "
        "breathing. It is common in young people and usually harmless.",
    "low QRS voltage": "Low QRS voltage means QRS complexes of less than 0.5 mV in all limb leads, or less "
        "than 1 mV in all chest leads. Fluid, fat or air around the heart can cause it.",
    "a paced rhythm": "In a paced rhythm an implanted pacemaker starts the beats. Narrow spikes stand "
        "before the P wave or the QRS complex, which is wide when the ventricle is paced.",
}  # fmt: skip
_DOSE = (
    "I cannot advise on drugs or doses: an ECG does not show weight, kidney function or other drugs. "
    "Please ask the treating doctor or a pharmacist."
)
_FUTURE = (
    "An ECG cannot tell that: it is a short snapshot of the heart's electrical activity. A doctor "
    "can estimate risk from history, examination and further tests."
)
_BLOOD = (
    "An ECG cannot show that: it records electrical activity, not blood values or blood pressure. "
    "That needs a separate measurement."
)
_PERSON = (
    "An ECG does not show that: it says nothing about who somebody is or how somebody lives. I can "
    "describe rhythm, intervals and findings."
)
_EMERGENCY = (
    "I cannot judge symptoms. With chest pain, fainting or shortness of breath, call the "
    "emergency services now; this program is not a medical device."
)
_IMAGING = (
    "An ECG cannot show that directly: it records electrical activity, not pump function or "
    "vessels. An echocardiogram or another imaging test can answer it."
)
BEYOND = {
    _DOSE: (
        "What drug dose should I give?", "Which medicine should the patient take?",
        "Should I stop the beta blocker?",
        "How many milligrams of amiodarone are right?", "Can you prescribe something?",
        "Should anticoagulation be started?",
        "Is it safe to give this patient digoxin?", "What treatment do you recommend?",
    ),
    _FUTURE: (
        "How long will this patient live?", "Will there be a heart attack next year?",
        "Is this patient going to die?",
        "When will the next episode come?", "Can you predict a stroke from this?",
        "What is the chance of sudden death?",
        "Will this get worse?", "Can the patient run a marathon next month?",
    ),
    _BLOOD: (
        "What is the blood pressure?", "What is the cholesterol level?", "What is the troponin?",
        "What is the oxygen saturation?",
        "How high is the blood sugar?", "What is the haemoglobin?", "Can you see the kidney function here?",
        "Is there a fever?",
    ),
    _PERSON: (
        "What is the name of the patient?", "Does the patient smoke?", "Where does the patient live?",
        "What is the job of this person?",
        "Is the patient married?", "How much does the patient weigh?", "Does this person do sports?",
        "Is the patient anxious?",
    ),
    _EMERGENCY: (
        "I have chest pain right now, what should I do?", "I feel dizzy, is that serious?",
        "Do I need an ambulance?",
        "Can I wait until tomorrow with my chest pain?", "My arm hurts, is it my heart?",
        "I fainted this morning; am I safe?",
        "I am short of breath, is this normal?", "Should I go to hospital?",
    ),
    _IMAGING: (
        "What is the ejection fraction?", "Are the coronary arteries narrowed?", "Is a valve leaking?",
        "How thick is the septum?",
        "Which vessel is blocked by how many percent?", "Is there fluid around the heart?",
        "How large is the left atrium in millimetres?",
        "Does the heart pump well?",
    ),
}  # fmt: skip


def ask(view: View, rng: random.Random) -> Dialogue:
    """A question about a term or beyond the reach of an ECG, with its answer."""
    if rng.random() < 0.6:
        term = rng.choice(sorted(CONCEPTS))
        phrasings = _EXPLAIN if term in MEASURED_TERMS else _ASK
        question, answer, kind = rng.choice(phrasings).format(term), CONCEPTS[term], "knowledge"
    else:
        answer = rng.choice(sorted(BEYOND))
        question, kind = rng.choice(BEYOND[answer]), "out of scope"
    gold = {"type": kind, "answer": [answer], "codes": []}
    return Dialogue("question", (view,), ((question, answer),), ("written by the project",), gold)
