def test_a_world_is_born(olympus, ada, grace):
    assert ada.username == "ada"
