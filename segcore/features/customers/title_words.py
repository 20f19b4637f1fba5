"""Words in column titles that mark outcomes, outputs of models, identifiers and counts."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_]+")


def _words(text: str, between: str | None = None) -> frozenset[str]:
    return frozenset(text.split(between))


_OUTCOMES = _words(
    "churn churned churner churners attrition attrited exited default defaulted defaulter defaults delinquent delinquency deposit fraud "
    "fraudulent converted conversion responded responder response subscribed unsubscribed lapsed claim claimed canceled cancelled "
    "outcome target label dlqin bad lapse approved renewed renewal creditability "
    "gekundigt gekuendigt abgewandert abwanderung storniert kundigung kuendigung storno "
    "resilie resiliation desabonne baja cancelado abandono"
)
# Outcomes only if the column has two values that simply mean yes and no.
_WEAK_OUTCOMES = _words("y class result left risk")
# Outcomes if the column has any two values: a class of income, a purchase, the answer to a campaign.
_INCOMES = _words("income incomes salary salaries wage wages earning earnings einkommen gehalt revenu salaire ingreso ingresos salario")
_ANSWERS = _words(
    "revenue purchased purchase purchases bought buyer ordered clicked responds reacted signup enrolled gekauft kauf achat compra"
)
_OF_ANSWERS = _words("made on offer offers ad ads coupon newsletter email mail up again product new any")
_OF_INCOMES = _words("high low class classes band level group over above under below more less than annual yearly household gt k usd eur")
# Words that an outcome's title may contain besides the outcome itself.
_FILLERS = _words(
    "is has was will did flag ind indicator status label target value yn yes no or y n binary bool boolean dummy code mark event class "
    "outcome customer customers client clients cust account user member policy credit payment loan card risk next month months last this "
    "in within of at the a ever reported found p term made after days day yrs yr years serious subscription insurance "
    "kunde kunden ist hat cliente clientes"
)
_DETAILS = _words("reason reasons category type")
_LEAVING = _words("churn churned attrition exit cancellation")
_SURE_VALUES = _words(
    "churned,churn,attrited,attrited customer,attrited customers,exited,defaulted,charged off,fraud,fraudulent,lapsed", ","
)
_GENERIC_VALUES = _words("0 1 2 -1 yes no y n true false good bad positive negative pos neg ja nein j oui non si")

_MODEL_ENDS = _words("pred preds prob probs proba probas probability probabilities prediction predictions predicted yhat")
_MODEL_ANYWHERE = _words(
    "predicted prediction predictions predictor proba propensity classifier uplift lookalike xgb xgboost lgbm lightgbm catboost kmeans "
    "dbscan hdbscan gmm logit anomaly forecast forecasted yhat autoencoder"
)
_MODEL_PAIRS = (("random", "forest"), ("naive", "bayes"), ("neural", "network"), ("logistic", "regression"), ("y", "hat"), ("k", "means"))
_SCORES = _words("score scores probability prob risk decile likelihood scoring percentile")
_SCORED = _LEAVING | _words("fraud conversion response responder attrited churner buy default")
_GROUPINGS = _words("cluster clusters clustering segment segments segmentation microsegment")
_GROUPING_FILLERS = _words("id ids no nr num number label name code customer client user old previous final assigned assignment")
_TRAINING = re.compile(r"(is)?(train|train(ing)?(set|flag|fold|split)|traintest(split|flag)?|cv?fold|fold|datasplit)")

ID_ENDS = _words("id ids uid uids guid uuid")
NUMBER_ENDS = _words("number num no nr nbr key code ref reference identifier hash iban")
_ID_GLUED = re.compile(
    r".*(customer|client|consumer|account|acct|policy|card|member|user|cust|contract|invoice|order|household|subscriber|employee|passport)"
    r"(id|num|number|no|nr|key|ref)"
)
_ROW_NUMBERS = re.compile(r"column1|index|unnamed0?|rownames?|row(id|number|num|nr|no)?|nr|no|serial(no|number)?|sl?no|")
_PHONES = _words("phone phones mobile telephone tel telefon cell cellphone fax handy msisdn")
_POSTCODES = _words("zip zipcode zipcodes postcode postcodes postal postalcode plz pincode eircode")
_ADDRESSES = _words("address addresses addr street strasse adresse addressline")
_PERSONS = _words("customer client user member holder contact person cardholder account policyholder passenger employee my")
_PERSON_NAMES = _words("surname lastname firstname forename fullname familyname givenname middlename maidenname username nickname")
_NAME_PAIRS = _words("first last full family given middle maiden second sur user nick")
_SECRETS = _words("ssn nino passport iban swift imei imsi mac cookie token password passwd vin licence license")
_DATES = _words("date dates datetime timestamp dt dob birthday birthdate datum")
_CLOCKS = _DATES | _words("time ts at created updated modified since utc epoch unixtime")

# Words of numbers that count or grade something; words of numbers that are codes of something.
_COUNTS = _words(
    "count counts number num nr no of qty quantity amount age level grade rating ratings score scores rank stars tier satisfaction "
    "day hours minutes visits children kids child kidhome teenhome dependents dependants size members cars bathrooms bedrooms rooms times "
    "frequency tenure balance total sum avg mean max min average year years income salary spend spending price value rate duration "
    "previous campaign seniority contacts"
)
_CODES = _words(
    "region channel browser system systems os operating type category code class group segment branch store state country city district "
    "province area zone product plan occupation profession job sector industry marital marriage status education gender sex religion "
    "ethnicity nationality language month weekday season method mode brand model department source traffic device platform"
)


def words_of(title: str) -> tuple[str, ...]:
    """Return the words of a title in lower case, split at everything but letters and digits, at capitals and before digits.

    >>> words_of("CreditScore"), words_of("CLIENTNUM"), words_of("default.payment.next.month")
    (('credit', 'score'), ('clientnum',), ('default', 'payment', 'next', 'month'))
    """
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", title) if not unicodedata.combining(letter))
    return tuple(word.lower() for word in _WORDS.findall(plain))


def glued(title: str) -> str:
    """Return a title's letters and digits in lower case, joined."""
    return "".join(words_of(title))


def says_exclude(title: str) -> bool:
    """Tell whether a title asks for the column to be left out."""
    words = words_of(title)
    return bool(words) and (words[0] in {"exclude", "excluded", "excl"} or words[-1] in {"exclude", "excluded", "excl"})


def names_model_output(title: str) -> bool:
    """Tell whether a title is that of a model's output, another segmentation or a split into training and test rows."""
    words = words_of(title)
    if not words:
        return False
    if words[-1] in _MODEL_ENDS or words[0] in {"pred", "predicted", "proba"} or _MODEL_ANYWHERE & set(words):
        return True
    if any(pair in pairwise(words) for pair in _MODEL_PAIRS):
        return True
    if _SCORES & set(words) and _SCORED & set(words):
        return True
    # A credit segment or market segment is a property; a bare segment is the result of an earlier segmentation.
    rest = {word for word in words if not word.isdigit()} - _GROUPINGS
    if _GROUPINGS & set(words) and rest <= _GROUPING_FILLERS:
        return True
    return bool(_TRAINING.fullmatch(glued(title)))


def names_outcome(title: str, values: list[str] | None) -> bool:
    """Tell whether a title and its few values mean an outcome: whether somebody left, paid, answered or bought.

    Parameters
    ----------
    title : str
    values : list of str or None
        The different values, if at most thirty.
    """
    if values is None:
        return False
    words = [word for word in words_of(title) if not word.isdigit()]
    lower = {value.lower() for value in values}
    if len(values) <= 5 and not all(value.isdigit() for value in lower) and _SURE_VALUES & lower:
        return True
    if _LEAVING & set(words) and _DETAILS & set(words):
        return True
    if len(values) == 2:
        for outcomes, others in ((_INCOMES, _OF_INCOMES), (_ANSWERS, _OF_ANSWERS)):
            if outcomes & set(words) and set(words) <= outcomes | others | _FILLERS:
                return True
    if len(values) == 2 and len(words) == 1 and words[0] in _WEAK_OUTCOMES:
        return lower <= _GENERIC_VALUES
    found = _OUTCOMES & set(words)
    if not found or len(values) > 5 or not set(words) <= _OUTCOMES | _FILLERS:
        return False
    # "label" and "response" alone may mean anything; they are an outcome only with two values.
    return bool(found - {"label", "target", "outcome", "response", "claim", "conversion"}) or len(values) == 2 or lower <= _GENERIC_VALUES


def names_person(title: str) -> bool:
    """Tell whether a title is that of people's names."""
    words = [word for word in words_of(title) if not word.isdigit()]
    if set(words) & _PERSON_NAMES:
        return True
    if not words or words[-1] not in {"name", "names"}:
        return False
    return set(words[:-1]) <= _PERSONS | _NAME_PAIRS


def numbers_rows(title: str) -> bool:
    """Tell whether a title is that of a column that numbers the rows."""
    return title.strip() == "#" or bool(_ROW_NUMBERS.fullmatch(glued(title)))


def names_id(title: str) -> bool:
    """Tell whether a title ends like that of an id: customer_id, accountUuid."""
    words = words_of(title)
    return bool(words) and (words[-1] in ID_ENDS or bool(_ID_GLUED.fullmatch(glued(title))))


def names_number_of(title: str) -> bool:
    """Tell whether a title ends like that of a reference number: policy no, article code."""
    words = words_of(title)
    return len(words) > 0 and words[-1] in NUMBER_ENDS and "of" not in words


def names_code(title: str) -> bool:
    """Tell whether a title is that of a code."""
    return words_of(title)[-1:] == ("code",)


def names(title: str, what: str) -> bool:
    """Tell whether a title has a word for ``what``: phone, postcode, address, secret, date or clock."""
    kinds = {"phone": _PHONES, "postcode": _POSTCODES, "address": _ADDRESSES, "secret": _SECRETS, "date": _DATES, "clock": _CLOCKS}
    words = words_of(title)
    pairs = {"".join(pair) for pair in pairwise(words)}
    return bool(kinds[what] & (set(words) | pairs))


def names_count(title: str) -> bool:
    """Tell whether a title is that of a count or a grade."""
    words = words_of(title)
    return bool(_COUNTS & set(words)) or words[-1:] in (("children",), ("people",))


def suggests_codes(title: str) -> bool:
    """Tell whether a title is that of a property which is often written as a number: region, channel, browser."""
    return bool(_CODES & set(words_of(title)))
