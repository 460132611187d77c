"""Time-frequency transforms: mel, MFCC, constant-Q, chroma, lag matrices."""
