"""Whether two spellings are one company's name (journey B3). Like a person's, it filters; it never proves.

Folded away: case, accents, apostrophes and punctuation; legal forms in Italian, German and the languages of
the neighbours, in full or abbreviated; how many owners there are and whether the company is being wound up;
the partners behind a partnership's form ("S.n.c. di D'Angelo & C."), which hardly anybody types. "&", "+" and
"und" are "e", "F.lli" is "Fratelli", ü is ue and u. What is left must be the same words, in any order, or the
same letters however they are spaced. A name of which nothing is left agrees with none.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from idp.accounts.names import Words, unaccented

LONGEST_COMPANY_NAME = 300
"""Characters that are looked at; the business register has few names as long."""

_AND = "e"
_ANDS = frozenset({"and", "und", "et", "ed", "u"})
_SIGN_OF_AND = re.compile(r"[&+]")
_BROTHERS = re.compile(r"\bfr?[./ ]{0,2}lli\b")
_SONS = re.compile(r"\bf[./ ]{0,2}gli\b")
# Abbreviations that business cards and policies are full of, in the words they stand for.
_SHORT_FOR = {
    "gebr": ("gebrueder",),
    "soc": ("societa",),
    "coop": ("cooperativa",),
    "az": ("azienda",),
    "agr": ("agricola",),
    "cons": ("consortile",),
    "resp": ("responsabilita",),
    "lim": ("limitata",),
    "liq": ("liquidazione",),
    "unipers": ("unipersonale",),
}
# Elided articles and prepositions: "dell Angolo" is dell'Angolo.
_ELIDED = frozenset({"d", "l", "dell", "nell", "all", "sull", "dall", "coll", "sant"})

# The words of a form are separated by `_`; the longest that fits is taken.
_FORM_TEXTS = """
srl srls srlu srlsu spa spau sapa snc sas ss scarl scrl scarlpa scpa scpl soccoop arl rl
gmbh ges_mbh gesmbh mbh kg kgaa ohg ag gbr sarl sagl sa ltd limited llc llp plc inc doo bv nv
onlus ets aps odv asd ssd ssdrl stp stprl sta sb ente_del_terzo_settore
a_rl a_resp_limitata a_responsabilita_limitata a_responsabilita_limitata_semplificata
societa_a_responsabilita_limitata societa_a_responsabilita_limitata_semplificata
societa_a_responsabilita_limitata_unipersonale societa_arl societa_a_rl
societa_per_azioni per_azioni societa_in_nome_collettivo in_nome_collettivo
societa_in_accomandita_semplice in_accomandita_semplice
societa_in_accomandita_per_azioni in_accomandita_per_azioni
societa_semplice societa_cooperativa societa_cooperativa_sociale societa_cooperativa_agricola
societa_cooperativa_consortile cooperativa_sociale cooperativa_societa cooperativa_a_rl cooperativa_arl
societa_consortile societa_agricola societa_semplice_agricola societa_agricola_semplice
societa_tra_professionisti societa_tra_avvocati societa_benefit societa_unipersonale impresa_sociale
associazione_sportiva_dilettantistica societa_sportiva_dilettantistica
unipersonale a_socio_unico con_socio_unico socio_unico ad_unico_socio a_unico_socio con_unico_socio
unico_socio in_liquidazione in_liquidazione_volontaria in_liquidazione_giudiziale
in_liquidazione_coatta_amministrativa in_concordato in_concordato_preventivo
in_amministrazione_straordinaria in_amministrazione_controllata
in_fallimento in_scioglimento in_liquidation
gesellschaft_mit_beschraenkter_haftung gesellschaft_mit_beschrankter_haftung
mit_beschraenkter_haftung mit_beschrankter_haftung offene_handelsgesellschaft kommanditgesellschaft
aktiengesellschaft einfache_gesellschaft einpersonengesellschaft genossenschaft
"""
_FORMS = frozenset(tuple(text.split("_")) for text in _FORM_TEXTS.split())
_LONGEST_FORM = max(map(len, _FORMS))
_FORM_WORDS = frozenset(form[0] for form in _FORMS if len(form) == 1)
_LONGEST_FORM_WORD = max(map(len, _FORM_WORDS))

# After these comes who owns a partnership: behind its form, or before "& C.".
_OF = frozenset({"di", "dei", "del", "della", "des", "der"})
_PARTNERSHIPS = frozenset({"snc", "sas", "ss", "sapa", "ohg", "kg", "collettivo", "semplice"})
_COMPANIONS = frozenset({"c", "co", "comp", "compagni", "compagnia", "soci", "cie"})
# Alone they tell no company from another, so what follows them is no mere list of partners.
_GENERIC = frozenset({"fratelli", "figli", "ditta", "societa", "azienda", "impresa", "studio", "gebrueder"})
# Words that one hand writes and the other leaves out.
_SMALL = _OF | {_AND, "de", "ditta", "societa"}


def company_names_agree(typed: str, on_file: str) -> bool:
    """Whether what is left of both names is the same."""
    return not _keys(typed).isdisjoint(_keys(on_file))


def core_of(company_name: str) -> Words:
    """The words of a name that tell the company apart, umlauts spelt out; empty where there are none.

    The core of a core is itself.
    """
    core = _Reading.of(_words(company_name, spelt_out=True)).short
    while (shorter := _Reading.of(_words(" ".join(core), spelt_out=True)).short) != core:
        core = shorter
    return core


@dataclass(frozen=True, slots=True)
class _Reading:
    """A name without forms: with its partners, and without them where the rest stands by itself."""

    full: Words
    short: Words

    @classmethod
    def of(cls, words: Words) -> "_Reading":
        core: list[str] = []
        full: list[str] = []
        for segment, of_partners in _segments(words):
            named, partners = _apart(segment, of_partners=of_partners)
            core += named
            full += [*named, *partners]
        if set(full) <= {_AND}:
            return cls((), ())
        tells = not set(core) <= _GENERIC
        return cls(tuple(full), tuple(core) if tells else tuple(full))


def _keys(name: str) -> frozenset[str | Words]:
    """What two spellings of one name have in common: letters in sequence, or words in any order."""
    keys: set[str | Words] = set()
    if not core_of(name):
        return frozenset()
    for spelt_out in (True, False):
        reading = _Reading.of(_words(name, spelt_out=spelt_out))
        for words in (reading.full, reading.short):
            for kept in (words, tuple(word for word in words if word not in _SMALL)):
                keys |= {"".join(kept), tuple(sorted(kept))}
    return frozenset(keys - {"", ()})


def _segments(words: Words) -> Iterator[tuple[Words, bool]]:
    """The words between legal forms; True where they name the partners of the form before them."""
    begin, place, after_partnership = 0, 0, False
    while place < len(words):
        form = _form_at(words, place)
        if form is None:
            place += 1
            continue
        yield words[begin:place], after_partnership
        after_partnership = form[-1] in _PARTNERSHIPS
        place += len(form)
        begin = place
    yield words[begin:], after_partnership


def _form_at(words: Words, place: int) -> Words | None:
    for length in range(min(_LONGEST_FORM, len(words) - place), 0, -1):
        if words[place : place + length] in _FORMS:
            return words[place : place + length]
    return None


def _apart(segment: Words, *, of_partners: bool) -> tuple[Words, Words]:
    """The words that name the company, and those that name its partners."""
    if of_partners and segment and segment[0] in _OF:
        return (), _without_companions(segment[1:])
    named = _without_companions(segment)
    if len(named) == len(segment):
        return segment, ()
    of = max((place for place, word in enumerate(named) if word in _OF), default=0)
    # A surname may itself begin with Di: then nothing stands before it.
    return (named[:of], named[of + 1 :]) if of > 0 else (named, ())


def _without_companions(segment: Words) -> Words:
    """Without "& C." at the end."""
    if not segment or segment[-1] not in _COMPANIONS:
        return segment
    if len(segment) > 1 and segment[-2] == _AND:
        return segment[:-2]
    return segment[:-1] if segment[-1] == "c" else segment


# --- from a text to its words ------------------------------------------------------------------------------


def _words(name: str, *, spelt_out: bool) -> Words:
    text = unaccented(name[:LONGEST_COMPANY_NAME], spelt_out=spelt_out)
    text = _SIGN_OF_AND.sub(f" {_AND} ", _BROTHERS.sub("fratelli", _SONS.sub("figli", text)))
    chunks = "".join(c if c.isalnum() or c == "." else " " for c in text).split()
    words = [word for chunk in chunks for word in _undotted(chunk)]
    words = [_AND if word in _ANDS else word for word in _forms_written_apart(words)]
    return tuple(word for short in _elisions_closed(words) for word in _SHORT_FOR.get(short, (short,)))


def _undotted(chunk: str) -> Sequence[str]:
    parts = [part for part in chunk.split(".") if part]
    # S.r.l. and A.B.C. are one word each, Soc.coop. is two.
    return ("".join(parts),) if parts and all(len(part) == 1 for part in parts) else parts


def _forms_written_apart(words: Sequence[str]) -> Iterator[str]:
    """The same words, single letters that end in a form ("C. S. r. l.") brought together."""
    for single, group in groupby(words, key=lambda word: len(word) == 1):
        letters = list(group)
        forms: list[str] = []
        while single and (form := _form_at_the_end("".join(letters))):
            letters = letters[: -len(form)]
            forms.insert(0, form)
        yield from letters
        yield from forms


def _form_at_the_end(run: str) -> str:
    longest = _LONGEST_FORM_WORD
    return next((run[-size:] for size in range(longest, 1, -1) if run[-size:] in _FORM_WORDS), "")


def _elisions_closed(words: Sequence[str]) -> Iterator[str]:
    before = ""
    for word in words:
        if word in _ELIDED and not before:
            before = word
            continue
        # Neither before an initial nor before a legal form anything was elided.
        if before and (len(word) == 1 or word in _FORM_WORDS):
            yield before
            before = ""
        yield before + word
        before = ""
    if before:
        yield before
