"""What stands in an archive is found, however its files are named, and counted once where it stands twice."""

import json
import lzma

from integrations.archives.zulip import ZulipArchive, message_key, unescaped
from tests.integrations import archive as made


def opened(path):
    archive = ZulipArchive(path)
    archive.look_through()
    return archive


def small():
    return opened(made.SMALL)


def test_the_committed_archive_is_what_its_script_makes(tmp_path):
    fresh = made.packed(tmp_path / "small.tar.xz", made.files())

    assert lzma.decompress(made.SMALL.read_bytes()) == lzma.decompress(fresh.read_bytes())


def test_everything_is_counted_and_dotted_names_are_not_missed():
    survey = small().survey

    assert (survey.messages, survey.distinct, survey.topic_files, len(survey.channels)) == (17, 14, 10, 3)
    assert (survey.dotted_files, survey.dotted_messages) == (3, 4)
    assert survey.channels == {101: "general", 102: "flight ops", 103: "night/shift"}
    assert set(survey.senders) == {"Ada Byron", "Bo", "bo", "Zoë \u200b张", "Night bot"}
    assert survey.shared_names == {"Bo"}
    assert (survey.indexed, survey.missing_topics, survey.unequal_topics) == (True, 0, 0)


def test_a_message_that_stands_twice_belongs_to_where_it_is_met_first():
    general, ops, night = small().channels()

    assert [message.id for message in general.messages] == [1, 2, 3, 5, 9, 11, 12, 13]
    assert [message.id for message in ops.messages] == [4, 6, 7, 14]
    assert (ops.repeated, ops.repeated_files) == (3, 1)
    assert night.empty_files == 1


def test_messages_of_a_channel_come_in_the_order_of_time():
    for channel in small().channels():
        times = [message.at for message in channel.messages]
        assert times == sorted(times)


def test_topics_that_differ_in_case_are_two():
    general = next(small().channels())

    assert {"moved", "Moved", ".hidden [topic]", "✔ done / 100%"} <= general.topics


def test_files_of_a_channel_need_not_stand_together(tmp_path):
    contents = made.files()
    shuffled = dict(sorted(contents.items(), key=lambda item: item[0][::-1]))

    archive = opened(made.packed(tmp_path / "a.tar.xz", shuffled))

    assert sum(len(channel.messages) for channel in archive.channels()) == 14


def test_what_is_no_message_is_counted_and_does_no_harm(tmp_path):
    contents = {
        "z/7-x/odd.json": json.dumps(
            [
                {"id": 1, "timestamp": 5, "sender_full_name": "A", "content": "<p>fine</p>"},
                {"id": "two", "timestamp": 5, "sender_full_name": "A", "content": ""},
                {"id": 3, "timestamp": 1e30, "sender_full_name": "A", "content": ""},
                {"id": 4, "timestamp": 5, "sender_full_name": " ", "content": ""},
                {"id": 5, "timestamp": 5},
                "words",
            ]
        ).encode(),
        "z/7-x/broken.json": b'[{"id": 1,',
        "z/7-x/latin.json": '[{"content": "é"}]'.encode("latin-1"),
        "z/README.md": b"# hello",
    }

    survey = opened(made.packed(tmp_path / "a.tar.xz", contents)).survey

    assert (survey.messages, survey.malformed, survey.distinct) == (7, 6, 1)
    assert survey.unreadable_topics == ["z/7-x/broken.json"]
    assert survey.other_files == ["z/README.md"]
    assert not survey.indexed
    assert survey.channels == {7: "x"}


def test_half_a_surrogate_pair_spoils_its_own_message_alone(tmp_path):
    row = {"timestamp": 5, "sender_full_name": "A"}
    contents = {
        "z/7-x/half.json": json.dumps(
            [
                {**row, "id": 1, "content": "<p>fine</p>"},
                {**row, "id": 2, "content": "<p>\ud800</p>"},
                {**row, "id": 3, "content": "<p>\udc00 and more</p>"},
                {**row, "id": 4, "content": "<p>\U0001f680</p>"},
            ]
        ).encode(),
    }

    archive = opened(made.packed(tmp_path / "a.tar.xz", contents))

    survey = archive.survey
    assert (survey.messages, survey.malformed, survey.distinct) == (4, 2, 2)
    assert survey.unreadable_topics == []
    assert [one.html for channel in archive.channels() for one in channel.messages] == [
        "<p>fine</p>",
        "<p>\U0001f680</p>",
    ]


def test_what_nests_without_end_is_unreadable_and_stops_nothing(tmp_path):
    deep, fine = b"[" * 100_000, {"id": 1, "timestamp": 5, "sender_full_name": "A", "content": "<p>fine</p>"}
    contents = {
        "z/7-x/deep.json": deep,
        "z/7-x/closed.json": deep + b"]" * 100_000,
        "z/7-x/inside.json": b'[{"id": 9, "content": "\\ud800", "more": ' + deep + b"]" * 100_000 + b"}]",
        "z/7-x/fine.json": json.dumps([fine]).encode(),
        "z/stream_index.json": b'{"streams": ' + deep,
    }

    archive = opened(made.packed(tmp_path / "a.tar.xz", contents))

    survey = archive.survey
    assert sorted(survey.unreadable_topics) == ["z/7-x/closed.json", "z/7-x/deep.json", "z/7-x/inside.json"]
    assert (survey.messages, survey.distinct, survey.indexed) == (1, 1, False)
    assert [one.html for channel in archive.channels() for one in channel.messages] == ["<p>fine</p>"]


def test_the_index_is_compared_with_the_files(tmp_path):
    contents = made.files()
    del contents["zulip_json/103-night.2Fshift/nothing.json"]
    contents["zulip_json/101-general/hello.json"] = b"[]"

    survey = opened(made.packed(tmp_path / "a.tar.xz", contents)).survey

    assert (survey.missing_topics, survey.unequal_topics) == (1, 1)


def test_an_id_is_the_same_for_a_later_export_of_the_same_organisation(tmp_path):
    first = small().survey.archive_id
    later = made.files(made.CHANNELS | {(900, "new"): {"t": [{"id": 99, "sender_full_name": "A", "content": "x"}]}})

    second = opened(made.packed(tmp_path / "later.tar.xz", later)).survey.archive_id

    assert message_key(first, 7) == message_key(second, 7) != message_key(first, 8)


def test_names_are_unescaped_as_they_were_escaped():
    assert unescaped(".22protobuf.20main.22.20support") == '"protobuf main" support'
    assert unescaped(".E2.9C.94.20done") == "✔ done"
    assert unescaped("plain") == "plain"
    assert unescaped(".FF") == "\N{REPLACEMENT CHARACTER}"
