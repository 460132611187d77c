"""The option `--marked` of training."""

import pytest

from symbolic.training.audio_arguments import AudioDataArguments, described


def test_the_option_is_a_corpus_and_its_folder():
    data = AudioDataArguments(marked="/music/own")
    assert (data.corpus, data.audio) == ("marked", "/music/own")
    assert described(data)["audio"] == "own"
    assert "marked" not in described(data)
    both = AudioDataArguments(marked="own", corpus="marked-folders")
    assert (both.corpus, both.audio) == ("marked-folders", "own")
    for wrong in ({"marked": "own", "corpus": "salami"}, {"marked": "own", "audio": "other"}):
        with pytest.raises(ValueError, match="marked"):
            AudioDataArguments(**wrong)
    for wrong in ({}, {"corpus": "salami"}, {"audio": "salami"}):
        with pytest.raises(ValueError, match="give corpus and audio"):
            AudioDataArguments(**wrong)
