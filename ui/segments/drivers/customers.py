"""What puts customers into a segment: the force plot of one customer, and of 100 next to each other."""

from __future__ import annotations

import numpy as np
import streamlit as st

from segcore.errors import SegcoreError
from segcore.plots.contributions.force import (
    MOST_TOGETHER,
    Order,
    describe_force,
    describe_forces,
    draw_force,
    draw_forces,
    force_data,
    forces_data,
)
from segcore.segments.drivers.records import Drivers
from segcore.wording.findings import error_text
from segcore.wording.markdown import escape
from segcore.wording.numbers import counted
from ui.shell import state
from ui.widgets.figures import draw_figure

_ORDERS: dict[Order, str] = {"similarity": "Similar customers together", "log-odds": "By log-odds"}


def draw_customer(found: Drivers, label: int, title: str, key: str) -> None:
    """Draw the force plot of the customer whose id is entered; at first, of one in the middle of the segment."""
    st.markdown("**One customer**")
    field = f"segments.drivers.customer.{key}.{label}"
    state.seed_widget(field, found.typical(label))
    st.text_input("Customer id", key=field, help=f"One of the {counted(len(found.customers), 'customer')} that the models were fitted to.")
    try:
        asked = found.of_customer(str(state.widget(field) or ""), label)
    except SegcoreError as error:
        st.error(escape(error_text(error, "screen")), icon=":material/error:")
        return
    own = int(found.labels[asked.row])
    if own != label:
        st.caption(escape(f"This customer is not in “{title}”."))
    data = force_data(asked.explained, asked.row)
    draw_figure(
        draw_force(data, towards=f"“{title}”"),
        key=f"figure.force.{key}",
        name=f"What speaks for and against “{title}” for customer {data.customer}",
        words=describe_force(data),
    )


def draw_many(found: Drivers, label: int, title: str, key: str) -> None:
    """Draw the force plots of 100 customers, half of the segment and half of the others, next to each other."""
    rows = found.draw_sample(label, MOST_TOGETHER)
    inside = np.asarray(found.labels)[rows] == label
    st.markdown(f"**{counted(len(rows), 'customer')} next to each other**")
    order = st.segmented_control(
        "Order", tuple(_ORDERS), key=f"segments.drivers.order.{key}", default="similarity", required=True, format_func=_ORDERS.__getitem__
    )
    data = forces_data(found.explained(label), rows, inside, order=order or "similarity")
    draw_figure(
        draw_forces(data, towards=f"“{title}”", marked=f"in “{title}”"),
        key=f"figure.forces.{key}",
        name=f"What speaks for and against “{title}” for {counted(len(rows), 'customer')}",
        words=describe_forces(data),
    )
