from invoice.search import Index


def filled():
    index = Index()
    index.add(3, "Paper, white; A4")
    index.add(1, "White paint")
    index.add(2, "Black paper")
    return index


def test_all_words_count():
    assert filled().find("white paper") == [3]
    assert filled().find("paper") == [2, 3]


def test_case_and_punctuation_do_not():
    assert filled().find("PAPER a4!") == [3]


def test_nothing_found():
    assert filled().find("") == []
    assert filled().find("green paper") == []
