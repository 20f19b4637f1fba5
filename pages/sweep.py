from ui.page import begin_page

page = begin_page("sweep")
taken = page.find_intake()
