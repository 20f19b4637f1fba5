from ui.page import begin_page

page = begin_page("home")
taken = page.find_intake()
