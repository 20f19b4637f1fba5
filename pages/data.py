from ui.page import begin_page

page = begin_page("data")
taken = page.find_intake()
