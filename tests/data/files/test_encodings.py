"""Encodings: words of another script or alphabet come out right or are refused; Western European files are read as ever."""

import random

import pytest

from segcore.data.files.encoding import decode
from segcore.data.files.reader import read_file
from segcore.errors import DataError
from segcore.records.data_rules import ReadOptions
from segcore.wording.findings import error_text, sentence

# Names, cities, products and a header of customers' files.
FOREIGN = {
    "russian": (
        "Иванов Смирнов Кузнецова Попов Васильева Петров Соколов Михайлов Новикова Фёдоров Анна Мария Дмитрий Сергей",
        "Москва Санкт-Петербург Новосибирск Екатеринбург Казань Самара Омск Ростов-на-Дону Уфа Красноярск",
        "Хлеб ржаной;Молоко 3,2%;Чайник электрический;Кофе молотый;Шоколад тёмный;Сыр российский;Ручка шариковая;Тетрадь в клетку",
        "клиент город товар сумма дата",
    ),
    "ukrainian": (
        "Шевченко Коваленко Бондаренко Ткаченко Кравченко Олійник Лисенко Олександр Наталія Юлія Андрій Марія Ірина Євген",
        "Київ Харків Одеса Дніпро Львів Запоріжжя Вінниця Чернігів",
        "Хліб житній;Молоко;Сир твердий;Цукерки шоколадні;Олія соняшникова",
        "клієнт місто товар сума дата",
    ),
    "greek": (
        "Παπαδόπουλος Παπαδοπούλου Γεωργίου Δημητρίου Νικολάου Οικονόμου Μακρής Αντωνίου Ιωάννης Μαρία Γεώργιος Ελένη",
        "Αθήνα Θεσσαλονίκη Πάτρα Ηράκλειο Λάρισα Βόλος Ιωάννινα Χανιά Άρτα",
        "Ψωμί ολικής;Γάλα φρέσκο;Ελαιόλαδο παρθένο;Φέτα;Καφές ελληνικός;Σοκολάτα",
        "πελάτης πόλη προϊόν ποσό ημερομηνία",
    ),
    "japanese": (
        "佐藤 鈴木 高橋 田中 伊藤 渡辺 山本 中村 小林 加藤 吉田 山田 花子 太郎",
        "東京 大阪 名古屋 横浜 札幌 福岡 京都 神戸 仙台 広島",
        "コーヒー豆 200g;ノート A4;紅茶;チョコレート;ボールペン 黒;タオルセット;緑茶ティーバッグ;りんごジュース",
        "顧客番号 都市 商品名 金額 日付",
    ),
    "japanese kanji": (
        "佐藤 鈴木 高橋 田中 伊藤 渡辺 山本 中村 小林 加藤 吉田 山田 佐々木 山口",
        "東京都 大阪府 名古屋市 横浜市 札幌市 福岡県 京都府 神戸市 仙台市 広島県 千葉県 埼玉県",
        "紅茶;緑茶;文房具;食品;家電;衣料品;書籍;化粧品",
        "顧客番号 都市 商品名 金額 日付",
    ),
    "chinese": (
        "王伟 李娜 张敏 刘洋 陈静 杨帆 赵磊 黄丽 周涛 吴霞 徐明 孙燕 胡军 朱红",
        "北京 上海 广州 深圳 成都 杭州 武汉 西安 重庆 南京 天津 苏州",
        "绿茶 500克;牛奶;巧克力;圆珠笔;笔记本电脑;运动鞋;咖啡豆;保温杯",
        "客户编号 城市 商品名称 金额 日期",
    ),
    "taiwanese": (
        "陳怡君 林志明 黃淑芬 張家豪 李美玲 王建國 吳佩珊 劉俊傑 蔡依婷 楊雅雯 許文龍 鄭惠如 謝宗翰",
        "台北市 新北市 桃園市 台中市 台南市 高雄市 基隆市 新竹市 嘉義市 花蓮縣",
        "烏龍茶;鳳梨酥;巧克力;原子筆;筆記型電腦;運動鞋;咖啡豆;保溫瓶",
        "客戶編號 城市 商品名稱 金額 日期",
    ),
    "korean": (
        "김민준 이서연 박지훈 최수빈 정하은 강도윤 조예준 윤서현 장민서 임지우 한지민 오세훈",
        "서울 부산 대구 인천 광주 대전 울산 수원 창원 성남",
        "커피 원두;녹차;초콜릿;볼펜;공책;운동화;보온병;사과 주스",
        "고객번호 도시 상품명 금액 날짜",
    ),
    "polish": (
        "Kowalski Wiśniewski Wójcik Kowalczyk Kamiński Lewandowski Zieliński Szymański Woźniak Dąbrowski Kozłowska Jabłońska Michał Paweł",
        "Warszawa Łódź Kraków Wrocław Poznań Gdańsk Częstochowa Białystok Toruń Rzeszów",
        "Chleb żytni;Masło;Mleko świeże;Długopis;Żółty ser;Herbata zielona;Książka",
        "klient miasto produkt wartość data",
    ),
    "czech": (
        "Novák Svoboda Novotný Dvořák Černý Procházka Kučera Veselý Horák Němec Pokorný Jiří Tomáš Lukáš",
        "Praha Brno Ostrava Plzeň Liberec Olomouc Hradec Králové České Budějovice Ústí nad Labem Děčín Třebíč",
        "Chléb žitný;Máslo;Mléko čerstvé;Propiska;Sýr eidam;Čaj zelený;Kniha;Džus pomerančový",
        "zákazník město zboží částka datum",
    ),
    "hungarian": (
        "Nagy Kovács Tóth Szabó Horváth Varga Kiss Molnár Németh Balogh Erdős Győri Lőrincz Szőke",
        "Budapest Debrecen Szeged Miskolc Pécs Győr Nyíregyháza Kecskemét Székesfehérvár Érd Hódmezővásárhely",
        "Kenyér;Tej;Sajt;Gyümölcslé;Fűszerpaprika;Töltőtoll;Szőlő;Könyv;Bőrtáska",
        "vásárló város termék összeg dátum",
    ),
    "romanian": (
        "Popescu Ionescu Popa Pop Radu Dumitru Stan Stoica Gheorghe Matei Ştefan Ţepeş Constantinescu Mălin",
        "Bucureşti Cluj-Napoca Timişoara Iaşi Constanţa Craiova Braşov Galaţi Ploieşti Oradea Brăila Piteşti",
        "Pâine;Lapte;Brânză;Cafea;Suc de mere;Pix;Caiet;Ciocolată",
        "client oraş produs sumă dată",
    ),
}
WESTERN = {
    "german": (
        "Müller Schmidt Schneider Weiß Schäfer Köhler Krüger Günther Jürgen Björn Grünwald Großmann Böhm Voß",
        "Köln München Nürnberg Düsseldorf Berlin Würzburg Lübeck Göttingen Saarbrücken",
        "Brötchen;Käse;Kaffee gemahlen;Gemüse;Süßigkeiten;Bücher;Größe XL;Fußball;Straßenkarte",
        "Kundennr Stadt Größe Betrag Datum",
    ),
    "french": (
        "Lefèvre François Hélène André Rémy Gérard Geneviève Benoît Noël Zoé Chloé Anaïs Besançon Lemaître",
        "Paris Orléans Besançon Nîmes Saint-Étienne Angoulême Évreux Béziers Mâcon",
        "Café moulu;Crème brûlée;Thé à la menthe;Pâté;Œufs;Gâteau;Fromage de chèvre;Façade;Où;L’été",
        "numéro ville désignation prix date",
    ),
    "spanish": (
        "García Fernández González Rodríguez López Martínez Sánchez Pérez Gómez Núñez Muñoz Ibáñez José María",
        "Málaga Córdoba Cádiz León A Coruña Logroño Jaén Ávila",
        "Jamón ibérico;Piña;Café;Azúcar;Champán;Pañales;Leña;Lápiz;¿Qué tal?",
        "número población artículo precio día",
    ),
    "portuguese": (
        "João Gonçalves Conceição Magalhães Simões Guimarães Antônio Mônica Inês Cláudia Sebastião Brandão Araújo",
        "São Paulo Brasília Goiânia Florianópolis Évora Setúbal Bragança",
        "Pão;Feijão;Açúcar;Café;Limão;Maçã;Lençóis;Sabão",
        "número cidade descrição preço data",
    ),
    "italian": (
        "Rossi Niccolò Nicolò D’Alò Però Jesù Frà Calabrò Cefalù Mannà Sarà Noè Lucà Muscarà",
        "Forlì Cantù Cefalù Mondovì Patti Nardò Roma",
        "Caffè;Tè;Ragù;Tiramisù;Bignè;Purè;Babà;Lunedì;Qualità;Città;Perché",
        "codice città quantità prezzo data",
    ),
    "dutch": (
        "Daniël Joëlle René Zoë Coenraad Desirée Loïs Noëlle België Israël",
        "Amsterdam Ameland Curaçao België",
        "Crème fraîche;Knäckebröd;Café;Zeeëgel;Één stuk;Patiënt",
        "klant stad artikel prijs datum",
    ),
    "danish": (
        "Sørensen Jørgensen Møller Kjær Nørgaard Østergaard Søren Bjørn Åse Ærø Grønbæk Bødker",
        "København Århus Ålborg Helsingør Køge Næstved Rødovre Tønder",
        "Rugbrød;Smør;Mælk;Ost;Kød;Rødgrød med fløde;Æg;Ål",
        "kundenr by beløb år dato",
    ),
    "danish only oe": (
        "Sørensen Jørgensen Møller Nørgaard Søren Bjørn Bødker",
        "Helsingør Køge Rødovre Tønder Brønderslev",
        "Rugbrød;Smør;Kød;Rødgrød;Løg;Tøj",
        "kundenr by beløb dato pris",
    ),
    "swedish": (
        "Åkesson Öberg Sjöström Lindström Håkansson Björk Åsa Göran Märta Mattsson Björklund",
        "Göteborg Malmö Västerås Örebro Linköping Jönköping Umeå Gävle",
        "Bröd;Smör;Mjölk;Kött;Grädde;Päron;Äpplen",
        "kund ort belopp år datum",
    ),
    "norwegian": (
        "Åse Bjørn Øystein Håkon Kåre Sørli Nygård Bråthen Bø Aasen Solbråten",
        "Tromsø Bodø Ålesund Tønsberg Hamar Bærum Ås",
        "Brød;Smør;Kjøtt;Fløte;Pære;Sjokolade;Rødvin",
        "kunde by beløp år dato",
    ),
    "finnish": (
        "Mäkinen Hämäläinen Mäkelä Järvinen Pöyry Väinämö Päivi Yrjö Äijälä Töyrylä",
        "Jyväskylä Hämeenlinna Seinäjoki Järvenpää Mäntsälä",
        "Leipä;Jäätelö;Päärynä;Mämmi;Hyvää päivää;Työ;Šakki;Yö",
        "asiakas määrä hinta päivä tyyppi",
    ),
    "icelandic": (
        "Þórður Guðmundsson Björk Sigríður Ásgeir Þýður Ævar Jón Ólöf Hrafnkell Guðrún Þorsteinn",
        "Reykjavík Kópavogur Akureyri Ísafjörður Hafnarfjörður Sauðárkrókur",
        "Brauð;Mjólk;Fiskur;Smjör;Súkkulaði;Þurrkað kjöt;Kæfa",
        "númer bær verð magn dagsetning",
    ),
    "faroese": (
        "Jógvan Sámal Bárður Súsanna Høgni Eyðun Rógvi Óli Páll",
        "Tórshavn Klaksvík Sørvágur Vágur Eiði Fuglafjørður Miðvágur Sandavágur",
        "Breyð;Mjólk;Smør;Kjøt;Fiskur;Súreplir",
        "kundi bygd vøra prísur dagur",
    ),
    "estonian": (
        "Tõnu Õnne Jüri Ülle Äär Mäe Põld Võsu Kärt Žanna Šurik",
        "Tartu Pärnu Võru Jõhvi Põlva Tõrva",
        "Piim;Või;Õun;Kõrvits;Žiletid;Šokolaad;Mänd",
        "klient linn hind kogus kuupäev",
    ),
    "english pounds": (
        "Smith Jones Brown Taylor Wilson O’Brien Davies Zoë Chloë Beyoncé",
        "London York Bath Leeds",
        "Mug £5;Café set;Doiley – red;“Home” sign;Cake tin £10;½ pint;Retro™ clock;20°C lamp;Piñata;Fiancée card;Crème jar",
        "customer city item price date",
    ),
    "english only pounds": (
        "Smith Jones Brown Taylor",
        "London York Bath",
        "Mug £5;Set £10;Tin £2;Doiley;Card",
        "customer city item price date",
    ),
    "international": (
        "Müller Lefèvre García Søren João Niccolò Åkesson Þórður Jiménez Großmann Zoë Strauß Núñez Gonçalves",
        "Köln Málaga København São Paulo Forlì Malmö Reykjavík Zürich Genève",
        "Käse;Café;Pão;Smør;Piña;Tiramisù;Œuvre;£5 voucher",
        "customer city item price date",
    ),
    "uppercase german": (
        "MÜLLER SCHÄFER KÖHLER KRÜGER GÜNTHER JÜRGEN BÖHM",
        "KÖLN MÜNCHEN NÜRNBERG",
        "BRÖTCHEN;KÄSE;GEMÜSE;BÜCHER;GRÖSSE;ÄÖÜ;ÖÄ;ÜÜ",
        "NR STADT GRÖSSE BETRAG DATUM",
    ),
    "uppercase french": (
        "LEFÈVRE FRANÇOIS HÉLÈNE ANDRÉ RÉMY GENEVIÈVE NOËL ZOÉ",
        "ORLÉANS BESANÇON NÎMES ÉVREUX CRÉÉE",
        "CAFÉ;CRÈME BRÛLÉE;THÉ À LA MENTHE;PÂTÉ;ŒUFS",
        "NUMÉRO VILLE DÉSIGNATION PRIX DATE",
    ),
    "symbols": (
        "Smith Jones Brown",
        "London York",
        "Pipe ½ inch;m³;Area m²;Angle 45°;Size ±5;Mark ®;Note¹;Note²;§ 5;Price 5 €;£m;µg;Ø 20 mm;5 × 6;»quoted«;«cité»;¿Qué?;naïve",
        "customer city item price date",
    ),
}
SCRIPTS = [
    ("russian", "cp1251"),
    ("russian", "koi8-r"),
    ("ukrainian", "cp1251"),
    ("greek", "iso8859-7"),
    ("greek", "cp1253"),
    ("japanese", "shift_jis"),
    ("japanese", "euc_jp"),
    ("japanese kanji", "shift_jis"),
    ("japanese kanji", "euc_jp"),
    ("chinese", "gb18030"),
    ("taiwanese", "big5"),
    ("korean", "euc_kr"),
]
ALPHABETS = [(language, encoding) for language in ("polish", "czech", "hungarian", "romanian") for encoding in ("cp1250", "iso8859-2")]


def customers(words, rows, share, seed, *, own_header):
    """Return a CSV text of customers, a share of whose rows has words of a language."""
    draw = random.Random(seed)
    names, cities, products, header = (part.split(cut) for part, cut in zip(words, "  ; ", strict=True))
    lines = [",".join([*header[:1], "name", *header[1:]] if own_header else ["customer_id", "name", "city", "product", "amount", "date"])]
    for number in range(rows):
        name, city, product = "Taylor Smith", "Springfield", "Mug"
        if draw.random() < share:
            name, city, product = f"{draw.choice(names)} {draw.choice(names)}", draw.choice(cities), draw.choice(products)
        lines.append(f'{number % 17},{name},{city},"{product}",{draw.randrange(1, 9999) / 100},2024-01-{number % 28 + 1:02d}')
    return "\n".join(lines) + "\n"


def read(text, encoding):
    """Return the text that comes out and the encoding found, or the error."""
    try:
        found, encoded = decode(bytearray(text.encode(encoding)), "rows.csv")
    except DataError as error:
        return None, error
    return found.decode(), encoded


@pytest.mark.parametrize(("language", "encoding"), [*SCRIPTS, *ALPHABETS])
@pytest.mark.parametrize("own_header", [True, False])
@pytest.mark.parametrize(("rows", "share"), [(40, 1.0), (400, 0.1), (2_000, 0.5)])
def test_files_in_another_encoding_come_out_right(language, encoding, own_header, rows, share):
    text = customers(FOREIGN[language], rows, share, 7, own_header=own_header)

    found, encoded = read(text, encoding)

    assert found == text
    (note,) = encoded.notes
    assert (note.code, note.remedy.code) == ("encoding.found", "encoding")
    assert "if that is wrong, choose the encoding with --encoding" in sentence(note)


@pytest.mark.parametrize(("language", "encoding"), SCRIPTS)
def test_few_words_of_another_script_come_out_right_or_are_refused_with_the_encoding_named(language, encoding):
    for seed in range(12):
        text = customers(FOREIGN[language], 20, 0.15, seed, own_header=False)
        if text.isascii():
            continue

        found, encoded = read(text, encoding)

        if found is None:
            assert encoded.finding.code == "encoding.doubtful"
            choices = encoded.finding.remedy.values["choices"]
            assert any(text.encode(encoding).decode(choice, "replace") == text for choice in choices)
            assert all(f"--encoding {choice}" in str(encoded) for choice in choices)
            assert "--" not in error_text(encoded, "screen")
        else:
            assert found == text


@pytest.mark.parametrize("language", WESTERN)
@pytest.mark.parametrize("own_header", [True, False])
def test_western_european_files_are_read_as_ever(language, own_header):
    for rows, share in ((1, 1.0), (3, 1.0), (20, 0.1), (20, 1.0), (300, 0.05), (2_000, 1.0)):
        for seed in range(3):
            text = customers(WESTERN[language], rows, share, seed, own_header=own_header)
            if text.isascii():
                continue

            found, encoded = read(text, "cp1252")

            assert found == text
            assert encoded.notes[0].code == "encoding.western"


def test_words_far_down_in_a_large_file_are_seen():
    text = customers(WESTERN["english only pounds"], 20_000, 0.2, 1, own_header=False)
    text += customers(FOREIGN["russian"], 2_000, 1.0, 1, own_header=False).split("\n", 1)[1]

    found, encoded = read(text.replace("£", ""), "cp1251")

    assert encoded.name == "cp1251"
    assert "Иванов" in found


def test_the_encoding_that_a_refusal_names_reads_the_file(write_text):
    path = write_text("id,name\n1,陈静\n2,杨帆\n", encoding="gb18030")

    with pytest.raises(DataError, match=r"more than one encoding fits: choose the encoding with --encoding") as error:
        read_file(path)

    assert "gb18030" in error.value.finding.remedy.values["choices"]
    assert read_file(path, reading=ReadOptions(encoding="gb18030")).column("name").to_pylist() == ["陈静", "杨帆"]


def test_json_lines_in_another_encoding_come_out_right(write_text):
    text = "".join(f'{{"name": "{name}"}}\n' for name in FOREIGN["russian"][0].split())

    raw = read_file(write_text(text, "rows.jsonl", "koi8-r"))

    assert raw.column("name").to_pylist() == FOREIGN["russian"][0].split()
