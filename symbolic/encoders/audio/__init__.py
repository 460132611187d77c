"""Encoders of spectrograms and waveforms."""
