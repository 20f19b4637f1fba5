"""Header names in exports of shops, banks and ratings: patterns of each role, the most specific first."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping

# All patterns match names in lower case, reduced to letters and digits without accents.
_ID = "id|ids|no|nr|nbr|num|number|nummer|key|code|ref|uuid|guid|hash|sk"
_FOREIGN_ID = "id|no|n|nr|num|numer|numero|number|nummer|code|codigo|cod|codice|ref"
_WHO = "customer|client|household|hh|hshd|member|shopper|buyer|consumer|cust|purchaser|guest|patron"
_WHO_ELSE = "user|account|visitor|subscriber|person|loyalty|panelist|panellist|reviewer|rater|profile|party|contact"
_FOREIGN_WHO = (
    "kunde|kunden|kd|kaeufer|kaufer|besteller|haushalt|mitglied|benutzer"  # German
    "|acheteur|foyer|adherent|utilisateur"  # French; "client" is English too
    "|cliente|clientes|comprador|usuario|socio"  # Spanish, Portuguese, Italian
    "|clienti|acquirente|utente|consumatore"  # Italian
    "|klant|klanten|koper|gebruiker|huishouden"  # Dutch
    "|consumidor|utilizador"
    "|klienta?|nabywc[ay]|kupujac[ay]"  # Polish
)
_DOCUMENT = "invoice|order|basket|transaction|trans|tran|trx|txn|receipt|ticket|bill|purchase|sales?|checkout|trip|visit|booking|cart"
_CLOCK = "(date|time|datetime|timestamp|dt|ts|day|on|at)+(utc|local|gmt)?"
_GERMAN_DOCUMENT = "(bestell|auftrags?|rechnungs?|beleg|bel|bon|kauf|verkaufs?|transaktions?|warenkorb|kassenbon|einkaufs?)"
_DUTCH_DOCUMENT = "(bestel|bestelling|order|factuur|aankoop|verkoop|transactie|bon|kassabon)"
_FRENCH_DOCUMENT = "(commande|facture|achat|vente|transaction|ticket|panier|bon)"
_SPANISH_DOCUMENT = "(pedido|factura|compra|venta|transaccion|ticket|recibo|orden|boleta|cesta)"
_ITALIAN_DOCUMENT = "(ordine|fattura|acquisto|vendita|transazione|scontrino|ricevuta|carrello)"
_PORTUGUESE_DOCUMENT = "(pedido|fatura|compra|venda|encomenda|transacao|recibo|nota|notafiscal|cupom)"
_OF = "(de|del|della|dela|da|do|di|d|la|l)*"
_GOODS = "stock|product|item|article|sku|prod|material|goods|merchandise"
_FOREIGN_GOODS = "artikel|art|produkt|produit|producto|articulo|prodotto|articolo|produto|artigo|waren?|product"
_RATED = "movie|film|book|song|track|artist|game|anime|show|title|recipe|restaurant|business|joke|app|video|place|hotel|course"
_RATING = "rating|ratings|rate|score|stars?|bewertung|valoracion|puntuacion|calificacion|beoordeling|voto|valutazione|avaliacao|note"
_SECTION = "category|categories|department|dept|productline|commodity|aisle|subcategory|productfamily|productgroup|producttype|productclass"
_MONEY = "amount|amt|betrag|montant|importe|importo|bedrag|valor|value"
_TAKEN_OFF = "discount|disc|dto|dcto|descto|rebate|markdown|rabatt|nachlass|remise|reduction|descuento|sconto|korting|desconto|abatimento"

NAMES: Mapping[str, tuple[str, ...]] = {
    "customer": (
        rf"({_WHO})unique({_ID})",
        rf"({_WHO})({_ID})",
        rf"({_FOREIGN_WHO})n?({_FOREIGN_ID}|kennung)|({_FOREIGN_ID})({_OF})({_FOREIGN_WHO}|{_WHO})",
        rf"({_WHO})s?|({_FOREIGN_WHO})",
        rf".*({_WHO})(unique)?({_ID})",
        rf"({_WHO_ELSE})(unique)?({_ID})",
        rf".*({_FOREIGN_WHO})({_FOREIGN_ID})",
        rf"({_WHO_ELSE})s?",
        rf".*({_WHO_ELSE})(unique)?({_ID})",
        "(loyalty|lylty|member|customer|club)?card(id|no|nr|nbr|number)?|cid|uid|panelist(id)?|carte(fidelite|client)|tarjeta(cliente)?",
        "(customer|client|buyer|billing|contact|user)?(email(address|id)?|mail)",
        ".*(customer|client|buyer|shopper|billing|contact|user|from|payer)(email(address|id)?|mail)",
        "(customer|client|buyer|user)(name|fullname)|billingname",
        "fullname|name",
    ),
    "time": (
        rf"(order)?({_DOCUMENT})(placed|created|issued?)?{_CLOCK}|{_GERMAN_DOCUMENT}(datum|zeit|zeitpunkt|tag)|{_DUTCH_DOCUMENT}(datum|tijd)",
        rf"date(heure)?{_OF}{_FRENCH_DOCUMENT}|fecha(hora)?{_OF}{_SPANISH_DOCUMENT}|data(ora)?{_OF}{_ITALIAN_DOCUMENT}"
        rf"|data(hora)?{_OF}{_PORTUGUESE_DOCUMENT}",
        "date|datetime|timestamp|time|datum|dt|fecha|data|dateheure|zeitstempel|zeitpunkt|horodatage|datetijd|tijdstip|dat",
        rf".*({_DOCUMENT}){_CLOCK}",
        ".*(timestamp|datetime|datetimeutc)",
        ".*(date|time|datum|fecha|jour)|(date|datum|fecha|data).*",
        "(order|purchase|created|purchased|ordered|sold|paid|placed|bought).*(at|on)|(created|purchased|ordered|sold|bought)|day|ts",
    ),
    "order": (
        rf"({_DOCUMENT})s?({_ID})|({_ID})({_DOCUMENT})",
        "invoice|order|basket|transaction|receipt|ticket|bill|txn|docno|documentno|voucherno",
        rf".*({_DOCUMENT})({_ID})",
        rf"{_GERMAN_DOCUMENT}({_FOREIGN_ID}|kennung)|bestellung|auftrag|rechnung|beleg|kassenbon|bon|vorgang|warenkorb",
        rf"{_DUTCH_DOCUMENT}({_FOREIGN_ID})|bestelling|factuur|kassabon|transactie",
        rf"({_FOREIGN_ID})?{_OF}({_FRENCH_DOCUMENT}|{_SPANISH_DOCUMENT}|{_ITALIAN_DOCUMENT}|{_PORTUGUESE_DOCUMENT})({_FOREIGN_ID})?",
        "(id|nr|numer|no)?(zamowieni[ea]|faktur[ay]|paragonu?|transakcji)",
        rf"(session|visit|document|doc)({_ID})",
    ),
    "item": (
        rf"({_GOODS})s?({_ID})|(product|item|article|variant|lineitem)?(sku|asin|asinisbn|upc|ean|isbn|plu|gtin|barcode)({_ID})?",
        "product|item|article|stock",
        rf".*(product|item|article)({_ID})",
        rf"({_FOREIGN_GOODS})({_FOREIGN_ID})?|({_FOREIGN_ID}){_OF}({_FOREIGN_GOODS})|reference|referencia|riferimento|designation|descripcion",
        rf"({_GOODS})(name|description|title|desc)|({_FOREIGN_GOODS})(name|bezeichnung|naam|nom|nombre|nome)|description|bezeichnung"
        "|omschrijving|descrizione|descricao",
        rf"({_RATED})(s?({_ID}))",
        rf"({_RATED})s?",
        rf"({_RATED})name",
    ),
    "quantity": (
        "(quantity|qty|units)(purchased|ordered|sold|shipped)?|pieces|pcs|menge|quant|qnty",
        "(item|order|product|sales?|units?|ordered|purchase)s?(quantity|qty|sold|count)|.*(quantity|qty)|n(umberof|oof|um)?items|items",
        "(bestell|verkaufs)?(menge|anzahl)|stuckzahl|stueckzahl|stuck|stueck|quantite|qte|cantidad|cant|unidades|uds|nombre|nb",
        "aantal|hoeveelheid|stuks|quantita|qta|pezzi|quantidade|qtde|qtd|ilosc|count",
    ),
    "price": (
        "(unit|item|product|list|selling|sales?|net|gross|retail|sell)?price(each|perunit|peritem|perpiece|unit)?|(unit|item)cost|preis"
        "|(einzel|stuck|stueck|verkaufs|vk|artikel|netto|brutto)preis",
        "price(?!.*(range|group|category|tier|band|total|list)).*|unitvalue|unitamount|rate(perunit)?",
        "prix(unitaire|vente|ht|ttc)*|pu|puht|pvp|precio(unitario|venta|unidad)?|prijs|(stuks|eenheids|verkoop)prijs|prezzo(unitario|vendita)?"
        "|preco(unitario|venda)?|cena(jednostkowa|netto|brutto)?",
        ".*price(each|per(unit|item|piece))",
        ".*(unit|item|each)price|(?!.*(total|line|gesamt|order|basket|range|group|category|tier|band)).*price",
    ),
    "amount": (
        rf"sales?(value|amount|total)|(line|total|net|gross|{_DOCUMENT}|paid|payment|spend)?(amount|amt)"
        "|linetotal|extendedprice|linevalue",
        "(line|item|row|grand|order|net|gross|invoice|basket)?tot(al)?(price|sales?|spent|spend|value|cost|revenue|paid|due)?|revenue|turnover|sales"
        "|spent|spend|umsatz|(net|gross)sales?|sum|dollars|euros?",
        "(payment|monetary|order|purchase|basket|net|gross|transaction|invoice)?(value|payment)|price"
        "|(?!.*(disc|tax|vat|ship|freight|refund|tip|profit|margin|fee|balance|limit|coupon)).*(amount|revenue)",
        "(gesamt|rechnungs|bestell|auftrags|kauf|waren|positions|netto|brutto|zahl)?(betrag|summe|umsatz|preis|wert)|gesamt|somm[ae]|suma|soma|montant(total|ttc|ht)?|total(ttc|ht)|chiffreaffaires?"
        "|chiffredaffaires|ventes?|importe(total)?|monto(total)?|ventas?|ingresos?",
        "bedrag|totaal(bedrag|prijs)?|omzet|importo(totale)?|totale|ricavo|ricavi|vendite|valor(total|compra|pago)?|montante|receita|vendas?"
        "|kwota|wartosc(netto|brutto)?",
        "gross|net",
    ),
    "discount": (
        rf"(line|item|order|total|sales?|retail|invoice)?({_TAKEN_OFF})s?({_MONEY}|price)?|({_MONEY}){_OF}({_TAKEN_OFF})",
        rf"(coupon|voucher|promo|promotion|campaign|loyalty|member)({_TAKEN_OFF}|{_MONEY})|(coupon|voucher|promo|promotion)",
        rf".*({_TAKEN_OFF})(s|{_MONEY})?|.*({_TAKEN_OFF})(pct|percent|percentage|rate|prozent|satz)",
    ),
    "category": (
        f"({_SECTION})s?(name|id|code|title|desc)?",
        rf"({_GOODS}|main|master|top|parent|sub|general)({_SECTION})(name|id|code|title|desc|nameenglish|en|1|l1|level1)?",
        "(haupt|waren|produkt|artikel|unter)?(kategorie|gruppe|warengruppe|abteilung|sparte|sortiment)|rayon|famille(produit)?"
        f"|(sous)?categorie(produit|article)?|(sub)?categoria{_OF}(producto|prodotto|produto)?|departamento|seccion|familia|reparto|famiglia"
        "|afdeling|(product|artikel|hoofd)?(categorie|groep)|departement|secao",
        rf"(product|item|article|master|sub)+(family|group|class|type|section|division)(name|level|id|code)?|({_SECTION})(name|level)?[0-9]"
        "|(family|class|section)(name|id|code)?|merchandisegroup|commoditydesc",
        rf"({_GOODS})(code|level|hierarchy)[0-9]{{1,2}}",  # levels of a hierarchy: PROD_CODE_10 to PROD_CODE_40
        "genres?|range",
    ),
    "rating": (
        f"(user|movie|book|item|film|product|customer|review|overall)?({_RATING})(value|given|number)?",
        f"({_RATING})(user|movie|book|item)|overall|reviewoverall|reviewstars",
        "(play|listen|view|watch|click|interaction|purchase)s?(count|s)?|weight|feedback|preference|strength|target",
    ),
}
_TITLE = "title|name|label|description|desc|descr|text"
_FOREIGN_TITLE = (
    "bezeichnung|beschreibung|artikelname|titel|designation|libelle|titre|nom|descripcion|nombre|titulo|descrizione|nome|titolo|descricao"
    "|omschrijving|naam|nazwa|opis"
)
# Titles of items, the most specific first; in lines of orders, a mere name or title may be that of the customer.
_TITLES = (
    rf"({_GOODS}|{_RATED}|goods)s?({_TITLE})(long|full|en|english)?|({_FOREIGN_GOODS})({_TITLE}|{_FOREIGN_TITLE})",
    "description|desc|itemdescription|bezeichnung|designation|libelle|descripcion|descrizione|descricao|omschrijving",
)
_TITLES_OF_ITEMS = (*_TITLES, f"{_TITLE}|{_FOREIGN_TITLE}")
# Names that match a role's patterns although such columns hold something else.
_NEVER: Mapping[str, str] = {
    "customer": r"sales?(person|rep|man|agent)|seller|vendor|employee|staff|cashier|agent|supplier|support|driver|useragent|accountbalance",
    "order": r"(customer|client|kunde)(id|no|nr|number)$",
    "item": r"status|category$",
    "category": rf"({_WHO}|{_WHO_ELSE}|{_FOREIGN_WHO}|payment|ship|store|order|age|income|price|card|job)",
    "rating": r"credit|tax|interest|exchange|hourly|discount|churn|fico|risk|conversion",
    "amount": r"disc|rabatt",
    "quantity": r"stock|inventory|instock|available",
    "discount": r"account",
}
# Prices asked rather than paid: used only if no other column holds a price.
_LAST: Mapping[str, str] = {"price": r"list|msrp|rrp|uvp|original|compareat|standard|regular|costprice"}
# Dates of something other than the purchase: used only if no other column holds dates.
UNLIKELY_TIME = re.compile(
    r"ship|dispatch|deliver|livrais|liefer|versand|entrega|envio|consegna|spediz|lever|(?<!resi)due|birth|dob$|geburt|naiss|nacim|nascit"
    r"|expir|approv|estimat|updat|modif|return|retour|signup|regist|join|since|start|end(ed)?(date|time|at|on)?$|last|first|answer"
    r"|load|insert|etl|extract|valid|cancel|refund|effective|leadtime|timezone|runtime|lifetime|overtime|parttime|fulltime|uptime"
)
RATE = re.compile(r"pct|percent|prozent|pourcent|porcent|procent|rate$|ratio|taux|tasa|satz")
_UNITS = re.compile(r"[(\[{][^)\]}]*[)\]}]")
_RECBOLE = re.compile(r":(token|float|token_seq|float_seq)$")
_CURRENCY = re.compile(r"(usd|eur|gbp|inr|aud|cad|chf|brl|jpy|cny|sek|pln|idr)$")


def plain(name: str) -> str:
    """Return a name's letters and digits in lower case, without accents and units in brackets."""
    name = _RECBOLE.sub("", name)
    name = _UNITS.sub("", name) if _UNITS.sub("", name).strip() else name
    name = re.sub(r"[$€£¥]", "", name.lower()).replace("ß", "ss")
    letters = unicodedata.normalize("NFKD", name.replace("°", "").replace("º", "").replace("ª", ""))
    return re.sub(r"[^a-z0-9]", "", letters)


def matching(role: str, names: Collection[str]) -> list[str]:
    """Return the names that may be a role's column, the most specific first; ties keep their order."""
    found: list[str] = []
    simple = {name: plain(name) for name in names}
    never = _NEVER.get(role)
    for pattern in NAMES[role]:
        compiled = re.compile(pattern)
        for name, letters in simple.items():
            forms = (letters, _CURRENCY.sub("", letters))
            if name in found or (never and re.search(never, letters)):
                continue
            if any(form and compiled.fullmatch(form) for form in forms):
                found.append(name)
    last = _LAST.get(role)
    return sorted(found, key=lambda name: bool(re.search(last, simple[name]))) if last else found


def named_like_titles(names: Collection[str], *, of_items: bool) -> list[str]:
    """Return the names that mean the title of an item, the most specific first; ``of_items`` tells that all are of a table of items."""
    patterns = [re.compile(pattern) for pattern in (_TITLES_OF_ITEMS if of_items else _TITLES)]
    return list(dict.fromkeys(name for pattern in patterns for name in names if pattern.fullmatch(plain(name))))


def names_one_customer(name: str) -> bool:
    """Tell whether a name means ids of customers (customer_id), rather than a description of them (member, account)."""
    return any(re.fullmatch(NAMES["customer"][position], plain(name)) for position in (0, 1, 2, 4, 5, 6, 8))
