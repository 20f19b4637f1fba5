"""Entry of the app: ``streamlit run app.py``.

Streamlit imports this file to find ``app``, the server's application, and runs it as the script of each session.
"""

if __name__ == "__main__":
    from ui.shell.page import run

    run()
else:
    from streamlit.starlette import App

    from ui.shell.server import importing, middleware

    app = App(__file__, middleware=middleware(), lifespan=importing)
