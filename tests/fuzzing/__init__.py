"""Files of music, damaged at random, and what comes of them."""
