"""Journey A over HTTP: a person registers, and what a stranger can learn from the pages (nothing)."""

from tests.service.in_process import InProcess


def test_a7_a_customer_registers_with_the_email_on_file(service: InProcess) -> None:
    visitor = service.visitor()
    service.register(visitor)
    assert "maria.rossi@" in visitor.last.text.replace("<wbr>", "")
    told = [m["to"] for m in service.post() if m["purpose"] == "account_created"]
    assert sorted(told) == ["+393331234501", "maria.rossi@posta.example"]
