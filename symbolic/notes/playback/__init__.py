"""Written music as it is played: order of bars, tempo, dynamics, ornaments."""
