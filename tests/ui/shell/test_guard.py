from streamlit.testing.v1 import AppTest


def page():
    import streamlit as st

    from segcore.errors import DataError
    from ui.shell.guard import fragment, guard

    @fragment
    def draw_choice():
        if st.checkbox("Fail"):
            raise DataError("Line 3 has no date: correct it.")

    def draw_page():
        draw_choice()
        st.text("The rest of the page")

    guard(draw_page, where="page")


def test_a_users_error_in_a_fragment_is_one_sentence_and_leaves_the_page():
    app = AppTest.from_function(page).run()
    app.checkbox[0].check().run()
    assert not app.exception
    assert [error.value for error in app.error] == ["Line 3 has no date: correct it."]
    assert [text.value for text in app.text] == ["The rest of the page"]
