import streamlit as st

from ui.benchmark.list import draw_benchmarks
from ui.benchmark.start_form import benchmark_form
from ui.shell.page import begin_page

page = begin_page("benchmark")
taken = page.require_intake()
benchmark_form(page.store, taken, page.feature_table(taken))
st.header("Results", anchor=False)
draw_benchmarks(page.store)
