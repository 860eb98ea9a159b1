import os
from pathlib import Path

from sandbox.arcus.journal import Journal, build, read
from sandbox.arcus.money import encode


def _write(path: Path, count: int) -> None:
    journal = Journal(path)
    assert list(journal.replay()) == []
    for number in range(count):
        doc = encode({"id": str(number), "text": "line\nbreak"})
        answer = b'{"data":' + doc + b"}"
        head = {"seq": number}
        journal.append(build(head, body=b'{\n"a": 1}', answer=answer, documents=[("orders", doc), ("accounts", b"{}")]))
    journal.close()


def test_records_come_back_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "journal"
    _write(path, 3)
    records = list(read(path))
    assert [record.head["seq"] for record in records] == [0, 1, 2]
    assert records[1].body == b'{\n"a": 1}'
    assert list(records[1].documents()) == [("orders", {"id": "1", "text": "line\nbreak"}), ("accounts", {})]
    journal = Journal(path)
    assert len(list(journal.replay())) == 3
    assert journal.stored(*records[2].answer) == b'{"data":{"id":"2","text":"line\\nbreak"}}'


def test_a_document_that_the_answer_holds_is_written_once(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    _write(path, 1)
    assert path.read_bytes().count(b"break") == 1


def test_a_torn_last_record_is_dropped_and_the_file_goes_on_behind_the_last_whole_one(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    _write(path, 3)
    whole = path.stat().st_size
    sizes = [record.offset + len(record.payload) + 1 for record in read(path)]
    for cut in (whole - 1, whole - 20, sizes[1] + 5):
        os.truncate(path, cut)
        journal = Journal(path)
        assert [record.head["seq"] for record in journal.replay()] == [0, 1]
        assert path.stat().st_size == sizes[1]
        journal.append(build({"seq": 2}, body=b"{}" * 200, documents=[]))
        journal.close()
        assert [record.head["seq"] for record in read(path)] == [0, 1, 2]
