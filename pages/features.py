from ui.page import begin_page

page = begin_page("features")
taken = page.find_intake()
