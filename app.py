"""Entry of the app: ``streamlit run app.py``; the table of pages and the chrome are in ``ui/page.py``."""

from ui.shell.page import run

run()
