"""anyecg: from any ECG file to an answer you can check. Not a medical device."""
