"""Payment files on both databases: once in any order, and whole after a kill at any step."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.billing.actions import balances, verify
from service.desk.actions import payments, received
from service.desk.matching import payment_word
from service.desk.records import PaymentFile
from service.store import Store
from tests.billing.books import publish
from tests.desk.exports import Row, wechat, wechat_row
from tests.desk.files import NOW, SHANGHAI, look, move_in, ref, send, take, why_no


@pytest.fixture
def homes(store: Store) -> dict[str, int]:
    """Three households, and a price, so that the books have begun."""
    with store.writing() as uow:
        publish(uow)
        return move_in(uow)


def test_a_kill_between_taking_in_and_posting_loses_nothing_and_doubles_nothing(
    store: Store, homes, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(payments, "POST_AT_ONCE", 2)
    data = wechat(*(wechat_row(ref(n), "3-201", "¥1.00") for n in range(5)))
    with store.writing() as uow:
        seen = look(uow, send(uow, data))
        received.take_in(uow, seen, seen.seal, False, NOW, 7)
    with store.writing() as uow:
        assert payments.post_matched(uow, NOW, SHANGHAI) == 2
    with pytest.raises(KeyboardInterrupt), store.writing() as uow:
        payments.post_matched(uow, NOW, SHANGHAI)
        raise KeyboardInterrupt
    with store.writing() as uow:
        assert received.unmatched(uow, "2026-03", SHANGHAI) == 3, "the month is not ready to close"
        assert why_no(received.send_in(uow, data, NOW, 7)).startswith("This very file was taken in")
        looked_at = [payments.post_matched(uow, NOW, SHANGHAI) for _ in range(3)]
        assert looked_at == [2, 1, 0]
        assert balances(uow) == {homes["3-201"]: -500}
        assert verify(uow).misfits == ()


a_note = st.sampled_from(["3-201", "三单元202", "1-101 电费", "电费", "WORD", "3-201、202"])
a_payment = st.tuples(st.integers(0, 12), a_note)
a_file = st.lists(a_payment, max_size=6)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(a_file, min_size=1, max_size=3), st.randoms(use_true_random=False), st.data())
def test_any_order_of_files_and_rows_and_any_repeats_give_the_same_balances(
    store: Store, homes, contents, shuffle, data
):
    """What a row says is decided by its number, as a bank's is; files overlap as they like."""
    words = {n: note for one in contents for n, note in one}

    def row(number: int) -> Row:
        note = words[number].replace("WORD", payment_word(homes["3-202"]))
        return wechat_row(ref(number), note, f"¥{number + 1}.00")

    def balances_after(file_contents: list[list[int]]) -> dict[int, int]:
        with store.writing() as uow:
            for numbers in file_contents:
                sent = received.send_in(uow, wechat(*map(row, numbers)), NOW, 7)
                if isinstance(sent, PaymentFile):
                    take(uow, wechat(*map(row, numbers)))
            found = balances(uow)
            uow.session.rollback()
            return found

    plain = [[n for n, _ in one] for one in contents]
    mixed = [[*one] for one in plain]
    mixed += [[*data.draw(st.sampled_from(plain))] for _ in range(data.draw(st.integers(0, 2)))]
    for one in mixed:
        if one:
            one.extend(data.draw(st.lists(st.sampled_from(one), max_size=2)))
        shuffle.shuffle(one)
    shuffle.shuffle(mixed)
    assert balances_after(mixed) == balances_after(plain)
