"""Choose the data: a sample, an upload, a file on this machine; then say what its columns mean and which rows count."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from segcore.dataset import KINDS, ROLES
from segcore.errors import SegcoreError
from segcore.solution import digest
from segcore.store import Store
from ui import loading, state
from ui.download import download, is_here

if TYPE_CHECKING:
    from segcore.intake import DataRequest, Intake

SAMPLE, UPLOAD, PATH = "A sample", "Upload a file", "A file on this machine"
FORMATS = ["csv", "gz", "parquet", "xlsx"]
KIND_TITLES = {"transactions": "Transactions: one line a row", "customers": "Customers: one customer a row"}
ROLE_WORDS = {
    "customer": ("Customer", "Who bought. Read as text, so that leading zeros stay."),
    "order": ("Order", "What was bought together: the invoice or basket."),
    "time": ("Time", "When it was bought."),
    "item": ("Item", "What was bought; only counted."),
    "quantity": ("Quantity", "How many; negative for what was returned."),
    "price": ("Price", "Of one piece. Quantity × price is the line's amount."),
    "amount": ("Amount", "Of the whole line; used instead of quantity × price."),
}
NO_COLUMN = "– none –"


def choose_data(store: Store) -> None:
    """Draw the three ways to data; what goes wrong is one sentence, and what was loaded stays."""
    way = st.segmented_control("Where the data come from", (SAMPLE, UPLOAD, PATH), key="data.way", default=SAMPLE, required=True)
    if way == SAMPLE:
        _samples(store)
    elif way == UPLOAD:
        _upload(store)
    else:
        _path(store)
    if state.recall("data_pending") is None:
        _say_problem()


def _say_problem() -> None:
    problem = state.recall("data_problem")
    if problem:
        st.error(problem, icon=":material/error:")


def attempt(store: Store, request: DataRequest) -> None:
    """Load data, and say on the page what is wrong where that fails; what was loaded stays."""
    state.remember("data_pending", None)
    try:
        loading.load(store, request)
    except SegcoreError as error:
        state.remember("data_problem", f"{error} What was loaded before is still loaded." if state.intake() else str(error))
        state.remember("data_pending", _columns_of(store, request))
    else:
        state.remember("data_problem", None)
    st.rerun()


def _columns_of(store: Store, request: DataRequest) -> tuple[DataRequest, tuple[str, ...]] | None:
    """Return a request that failed with the file's columns, so that they can be given roles; None where it cannot be read at all.

    Every table can be read as one row a customer without an id, if it has a number in it.
    """
    plain = replace(request, kind="customers", roles={"customer": ""}, where=(), date_from=None, date_to=None)
    try:
        return request, loading.take(store, plain).columns
    except SegcoreError:
        return None


def _samples(store: Store) -> None:
    from segcore.sources import SAMPLES

    for sample in SAMPLES:
        request = loading.sample_request(sample.name)
        with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"sample.{sample.name}"):
            with st.container(gap=None, width="stretch"):
                st.markdown(f"**{sample.title}**")
                st.caption(sample.description)
                st.caption(f"Licence: {sample.licence}")
            loaded, here = state.request() == request, is_here(store, sample.name)
            label = "Loaded" if loaded else "Load" if here else "Download and load"
            asked = st.button(label, key=f"load.{sample.name}", disabled=loaded)
        if asked:
            _load_sample(store, sample.name, here=here)


def _load_sample(store: Store, name: str, *, here: bool) -> None:
    try:
        if not here:
            download(store, name)
    except SegcoreError as error:
        state.remember("data_problem", str(error))
        st.rerun()
    attempt(store, loading.sample_request(name))


def _upload(store: Store) -> None:
    file = st.file_uploader(
        "CSV, CSV.gz, Parquet or XLSX; a line an item bought, or a row a customer",
        type=FORMATS,
        key="data.upload",
        help="The file stays on this machine: it is copied into segcore's own store, and nowhere else.",
    )
    if file is not None and st.button(f"Load {file.name}", key="data.load_upload"):
        attempt(store, request_for(keep_upload(store, file.name, file.getbuffer()), file.name))


def keep_upload(store: Store, name: str, content: bytes | memoryview) -> Path:
    """Keep an uploaded file in the store's home under the digest of its content, and return where."""
    folder = store.home / "uploads"
    folder.mkdir(exist_ok=True)
    path = folder / (hashlib.sha256(content).hexdigest() + "".join(Path(name).suffixes[-2:]).lower())
    if not path.exists():
        temporary = path.with_name(f"{path.name}.tmp")
        temporary.write_bytes(content)
        temporary.rename(path)
    return path


def _path(store: Store) -> None:
    with st.form("data.path", border=False):
        path = st.text_input("Path of a CSV, CSV.gz, Parquet or XLSX file", key="data.path_text", placeholder="/home/me/orders.csv")
        asked = st.form_submit_button("Load")
    if asked:
        if not path.strip():
            state.remember("data_problem", "Give the path of a file.")
            st.rerun()
        attempt(store, request_for(Path(path.strip()).expanduser(), Path(path.strip()).name))


def request_for(path: Path, name: str) -> DataRequest:
    """Return the request for a file as it stands: everything guessed, nothing filtered."""
    from segcore.intake import DataRequest

    return DataRequest.from_json({"data": str(path), "name": name})


def refine(store: Store, taken: Intake | None) -> None:
    """Draw the roles and the filters of what is loaded, or of what could not be; applying them reads the data again."""
    pending = state.recall("data_pending")
    if pending is not None:
        request, columns = pending
        _say_problem()
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"For {request.name or request.data}, which could not be loaded as it was:", width="content")
            if taken is not None:
                st.button(f"Back to {taken.data['name']}", key="data.back", icon=":material/undo:", on_click=_forget_pending)
        _refine(store, request, columns, kind=request.kind or "transactions", roles=request.roles, reasons={})
        return
    request = state.request()
    if taken is not None and request is not None:
        _refine(store, request, taken.columns, kind=taken.kind, roles=taken.roles, reasons=taken.reasons)


def _forget_pending() -> None:
    state.remember("data_pending", None)
    state.remember("data_problem", None)


def _refine(
    store: Store,
    request: DataRequest,
    columns: tuple[str, ...],
    *,
    kind: str,
    roles: Mapping[str, str],
    reasons: Mapping[str, str],
) -> None:
    salt = digest([request.to_json(), list(columns)])[:12]
    with st.form(f"data.refine.{salt}"):
        first, second, third = st.columns(3, gap="medium")
        index = KINDS.index("customers" if kind == "customers" else "transactions")
        kind = first.selectbox("Kind", KINDS, index=index, key=f"kind.{salt}", format_func=lambda name: KIND_TITLES[str(name)])
        fields: dict[str, str] = {}
        for place, role in enumerate(ROLES):
            with (first, second)[place >= 3]:
                fields[role] = _role_field(columns, role, roles.get(role), salt)
        with third:
            filters = _filter_fields(request, salt)
        if reasons:
            st.caption(why(reasons))
        if not st.form_submit_button("Apply", icon=":material/check:"):
            return
    # An empty name says that no column has the role; one that is left out would be guessed again.
    wanted = ROLES if kind == "transactions" else ("customer",)
    attempt(store, replace(request, kind=kind, roles={role: fields[role] for role in wanted}, **filters))


def why(reasons: Mapping[str, str]) -> str:
    """Return why the columns were taken for their roles, in one sentence."""
    if len(set(reasons.values())) == 1:
        return f"Why these columns: {next(iter(reasons.values()))}."
    return f"Why these columns: {'; '.join(f'{ROLE_WORDS[role][0].lower()} {reason}' for role, reason in reasons.items())}."


def _role_field(columns: tuple[str, ...], role: str, guessed: str | None, salt: str) -> str:
    options = ("", *columns)
    title, words = ROLE_WORDS[role]
    index = options.index(guessed) if guessed in options else 0
    field = st.selectbox(title, options, index=index, key=f"role.{role}.{salt}", help=words, format_func=lambda column: column or NO_COLUMN)
    return str(field)


def _filter_fields(request: DataRequest, salt: str) -> dict[str, Any]:
    where = st.text_area(
        "Only rows where",
        value="\n".join(request.where),
        key=f"where.{salt}",
        placeholder="Country = 'France'",
        help="As in SQL: =, <>, <, >, <=, >=, IN, LIKE, BETWEEN, IS NULL, AND, OR, NOT. Several lines must all hold.",
        height=110,
    )
    begin, end = st.columns(2)
    date_from = begin.text_input("From (included)", value=request.date_from or "", key=f"from.{salt}", placeholder="2011-01-01")
    date_to = end.text_input("To (included)", value=request.date_to or "", key=f"to.{salt}", placeholder="2011-12-31")
    lines = tuple(line.strip() for line in where.splitlines() if line.strip())
    return {"where": lines, "date_from": date_from.strip() or None, "date_to": date_to.strip() or None}
