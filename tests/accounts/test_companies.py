"""Whether two spellings are one company's name (journey B3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts.companies import company_names_agree, core_of

BRUNO = "Officine Meccaniche Bruno S.r.l."
CAFE = "Caffè dell'Angolo S.n.c. di D'Angelo & C."
WINERY = "Weingut Müller GmbH - S.r.l."


@pytest.mark.parametrize(
    ("typed", "on_file"),
    [
        (BRUNO, BRUNO),
        ("Officine Meccaniche Bruno", BRUNO),
        ("officine meccaniche bruno srl", BRUNO),
        ("OFFICINE MECCANICHE BRUNO S.R.L.", BRUNO),
        ("Officine Meccaniche Bruno S. r. l.", BRUNO),
        ("Officine Meccaniche Bruno s r l", BRUNO),
        ("Officine Meccaniche Bruno SRL unipersonale", BRUNO),
        ("Officine Meccaniche Bruno S.r.l.s.", BRUNO),
        ("Officine Meccaniche Bruno S.p.A.", BRUNO),
        ("Officine Meccaniche Bruno s.r.l. a socio unico", BRUNO),
        ("Officine Meccaniche Bruno srl in liquidazione", BRUNO),
        ("Officine Meccaniche Bruno - Società a responsabilità limitata", BRUNO),
        ("Officine Meccaniche Bruno societa' a responsabilita' limitata semplificata", BRUNO),
        ("Società a Responsabilità Limitata Officine Meccaniche Bruno", BRUNO),
        ("Bruno Officine Meccaniche srl", BRUNO),
        ('"Officine Meccaniche Bruno" S.r.l.', BRUNO),
        ("Officine  Meccaniche\tBruno, S.r.l", BRUNO),
        ("Officine-Meccaniche-Bruno", BRUNO),
        (CAFE, CAFE),
        ("Caffè dell'Angolo", CAFE),
        ("CAFFE' DELL'ANGOLO", CAFE),
        ("Caffe dell Angolo snc", CAFE),
        ("caffe dellangolo", CAFE),
        ("Caffè dell’Angolo S.n.c.", CAFE),
        ("Caffè dell´Angolo S.n.c.", CAFE),
        ("Caffè dell' Angolo s.n.c. di D'Angelo e C.", CAFE),
        ("Caffè dell'Angolo di D'Angelo & C. snc", CAFE),
        ("Caffè dell'Angolo snc di D'Angelo and C", CAFE),
        ("Caffè dell'Angolo snc di Dangelo e compagni", CAFE),
        ("Caffè dell'Angolo D'Angelo", CAFE),
        ("Caffè dell'Angolo società in nome collettivo", CAFE),
        ("Caffè dell'Angolo società in nome collettivo di Mario D'Angelo & C.", CAFE),
        (WINERY, WINERY),
        ("Weingut Müller", WINERY),
        ("Weingut Mueller GmbH", WINERY),
        ("weingut muller srl", WINERY),
        ("WEINGUT MÜLLER S.R.L. - G.m.b.H.", WINERY),
        ("Weingut Mu\u0308ller GmbH", WINERY),
        ("Müller Weingut", WINERY),
        ("Weingut Müller Gesellschaft mit beschränkter Haftung", WINERY),
        ("F.lli Rossi S.n.c.", "Fratelli Rossi snc"),
        ("F.LLI ROSSI", "Fratelli Rossi"),
        ("f. lli Rossi", "Fratelli Rossi"),
        ("Flli Rossi", "F/lli Rossi"),
        ("Rossi F.lli", "Fratelli Rossi"),
        ("Rossi & F.gli", "Rossi e figli"),
        ("Rossi & Bianchi", "Rossi e Bianchi S.r.l."),
        ("Rossi and Bianchi", "Rossi & Bianchi"),
        ("Rossi+Bianchi", "Rossi & Bianchi"),
        ("Rossi ed Esposito", "Rossi & Esposito"),
        ("Rossi Bianchi", "Rossi & Bianchi"),
        ("Rossi & C. S.a.s.", "Rossi S.a.s."),
        ("Rossi & C. S. a. s.", "Rossi e C. sas"),
        ("Rossi & Co", "Rossi & C."),
        ("Müller KG", "Mueller KG - S.a.s."),
        ("Müller OHG des Karl Müller & Co.", "Müller OHG"),
        ("Hofer GmbH & Co. KG", "Hofer"),
        ("Gebr. Hofer OHG", "Gebrüder Hofer"),
        ("Ferramenta Rossi di Rossi Mario & C. S.a.s.", "Ferramenta Rossi sas"),
        ("Soc. Coop. Il Sole a r.l.", "Il Sole Società Cooperativa"),
        ("Il Sole soc.coop.a r.l.", "Il Sole S.C.A.R.L."),
        ("Il Sole Soc. Coop. Sociale ONLUS", "Il Sole cooperativa sociale"),
        ("Soc. Agr. Le Vigne S.S.", "Le Vigne Società Agricola Semplice"),
        ("Az. Agr. Le Vigne", "Azienda Agricola Le Vigne"),
        ("Società Trasporti Lampo p.a.", "Trasporti Lampo Società p.a."),
        ("A.B.C. Costruzioni srl", "ABC Costruzioni"),
        ("A B C Costruzioni", "A.B.C. Costruzioni S.p.A."),
        ("E.N.I. S.p.A.", "ENI"),
        ("A.S.S.I. S.r.l.", "ASSI"),
        ("S.n.c. di Rossi & C.", "Rossi S.n.c."),
        ("Di Stefano & C. snc", "Di Stefano S.n.c."),
        ("Fratelli Di Stefano & C. snc", "F.lli Di Stefano"),
        ("Deluca Trasporti", "De Luca Trasporti"),
        ("3M Italia", "3 M Italia s.r.l."),
        ("Trattoria al 21", "TRATTORIA AL 21 di Rossi Mario & C. sas"),
        ("Sørensen Italia", "Soerensen Italia srl"),
        ("ТОВ Ромашка", "тов ромашка"),
        ("Ristorante N\u00b4Golo", "Ngolo Ristorante"),
    ],
)
def test_b3_company_names_agree(typed: str, on_file: str) -> None:
    assert company_names_agree(typed, on_file)
    assert company_names_agree(on_file, typed)


@pytest.mark.parametrize(
    ("typed", "on_file"),
    [
        ("Officine Bruno", BRUNO),
        ("Bruno", BRUNO),
        ("Officine Meccaniche Bruni", BRUNO),
        ("Officine Meccaniche Bruno Bruno", BRUNO),
        ("Officine Meccaniche", BRUNO),
        ("D'Angelo & C.", CAFE),
        ("Caffè", CAFE),
        ("Caffè dell'Angelo", CAFE),
        ("Weingut Miller", WINERY),
        ("Müller", WINERY),
        ("Fratelli Rossi", "Fratelli Bianchi"),
        ("Fratelli Di Stefano & C. snc", "Fratelli Di Marco & C. snc"),
        ("Rossi & Bianchi", "Rossi & Verdi"),
        ("Rossi & C.", "Bianchi & C."),
        ("S.n.c. di Rossi & C.", "S.n.c. di Bianchi & C."),
        ("Studio di Rossi & C. sas", "Studio di Bianchi & C. sas"),
    ],
)
def test_b3_company_names_differ(typed: str, on_file: str) -> None:
    assert not company_names_agree(typed, on_file)
    assert not company_names_agree(on_file, typed)


@pytest.mark.parametrize(
    "nothing",
    [
        "",
        " ",
        "-",
        "...",
        "&",
        "S.r.l.",
        "srl",
        "S. r. l.",
        "S.p.A. - S.r.l.",
        "Società per azioni",
        "società a responsabilità limitata",
        "GmbH & Co. KG",
        "& C.",
        "in liquidazione",
        "Soc. coop. a r.l.",
        "S.r.l. unipersonale in liquidazione",
        # A form with another form inside it.
        "S. in liquidazione P. A.",
    ],
)
def test_b3_a_name_of_which_nothing_is_left_agrees_with_none_not_even_itself(nothing: str) -> None:
    assert core_of(nothing) == ()
    assert not company_names_agree(nothing, nothing)
    assert not company_names_agree(nothing, BRUNO)
    assert not company_names_agree(BRUNO, nothing)


@pytest.mark.parametrize(
    ("name", "core"),
    [
        (BRUNO, ("officine", "meccaniche", "bruno")),
        (CAFE, ("caffe", "dellangolo")),
        (WINERY, ("weingut", "mueller")),
        ("Trasporti di Mare di Rossi & C. sas", ("trasporti", "di", "mare")),
        ("S.n.c. di Rossi & C.", ("rossi",)),
        ("D' S.p.A.", ("d",)),
    ],
)
def test_b3_the_core_of_a_name_tells_the_company_apart(name: str, core: tuple[str, ...]) -> None:
    assert core_of(name) == core


FORMS = (
    "S.r.l.",
    "srl",
    "S. p. A.",
    "S.n.c.",
    "di",
    "& C.",
    "e",
    "&",
    "in liquidazione",
    "soc.",
    "a r.l.",
    "GmbH",
)
NAMES = ("Rossi", "Müller", "dell'Angolo", "D'", "A.B.C.", "s", "p", "a", "F.lli", "Caffè", "coop")
NAMED = st.lists(st.sampled_from(FORMS + NAMES), max_size=8).map(" ".join)
ANYTHING = NAMED | st.text(max_size=400)


@given(ANYTHING, ANYTHING)
def test_b3_names_are_compared_alike_in_both_directions(one: str, other: str) -> None:
    assert company_names_agree(one, other) == company_names_agree(other, one)


@given(ANYTHING)
def test_b3_folding_a_folded_name_changes_nothing(name: str) -> None:
    core = core_of(name)
    assert core_of(" ".join(core)) == core


@given(NAMED)
def test_b3_case_and_legal_form_change_nothing(name: str) -> None:
    if core_of(name):
        assert company_names_agree(name, name)
        assert company_names_agree(name.upper(), name)
        assert company_names_agree(f"{name} - S.p.A.", name)


@given(ANYTHING)
def test_b3_a_name_with_a_core_agrees_with_itself_and_one_without_does_not(name: str) -> None:
    assert company_names_agree(name, name) == bool(core_of(name))
