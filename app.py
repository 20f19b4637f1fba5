"""Entry of the app: ``streamlit run app.py``; the list of pages and their common frame are in ``ui/shell/page.py``."""

from ui.shell.page import run

run()
