import numpy as np
import pandas as pd
import pytest

from segcore.wording.findings import sentence

N = 60
DRAW = np.random.default_rng(5)


def each(text):
    return [text.format(number) for number in range(N)]


IDENTIFIERS = {
    "contact": (each("user{}@shop.example"), "email"),
    "site": (each("https://shop.example/{}"), "web addresses"),
    "last seen from": ([f"10.0.{number % 7}.{number}" for number in range(N)], "network addresses"),
    "token": ([f"{number:08x}-1234-4abc-9def-0123456789ab" for number in range(N)], "UUID"),
    "social": ([f"123-45-{number:04d}" for number in range(N)], "social security"),
    "Phone": ([f"+44 20 7946 {number:04d}" for number in range(N)], "phone numbers"),
    "reach": ([f"382-{number:04d}" for number in range(N)], "phone numbers"),
    "sort code": ([f"{20 + number % 70}-{35 + number % 9}-{number:02d}" for number in range(N)], "or ids written like them"),
    "mobile_number": ([float(7_700_900_000 + number * 13) for number in range(N)], "phone numbers"),
    "Surname": ([f"Family{number % 30}" for number in range(N)], "names"),
    "first_name": ([f"Given{number % 20}" for number in range(N)], "names"),
    "Name": (each("Jane {}"), "names"),
    "Policy Number": ([float(number * 37 % 6_007) for number in range(N)], "identifier"),
    "loan_id": (each("L-{}"), "identifier"),
    "account no": ([float(1e9 + number * 17) for number in range(N)], "identifier"),
    "ID": ([7.0, *(float(number * 37 % 6_007) for number in range(N - 2)), 7.0], "identifier by its title, with 59 different values in 60"),
    "branch_id": ([float(number % 25) for number in range(N)], "codes"),
    "article code": ([float(number % 40 * 100) for number in range(N)], "codes"),
    "zip": ([f"{number % 30:05d}" for number in range(N)], "postcodes: codes with 30"),
    "Zip Code": ([float(90_000 + number % 30) for number in range(N)], "postcodes"),
    "Address": (each("{} High Street, Anytown"), "addresses"),
    "comment": (each("he said {}"), "every value is a different text"),
    "notes": ([f"note {number % 40}" for number in range(N)], "nearly every value is a different text"),
    "RowNumber": ([float(number + 1) for number in range(N)], "numbers the rows"),
    "counter": ([float(number + 100) for number in range(N)], "numbers the rows"),
    "shuffled": ([float(number) for number in DRAW.permutation(N) + 1], "whole number from 1 to 60 once"),
}


@pytest.mark.parametrize("title", IDENTIFIERS)
def test_identifiers_are_dropped_with_the_reason(use_of, title):
    values, reason = IDENTIFIERS[title]

    use = use_of(title, values)

    assert use.use == "dropped"
    assert reason in sentence(use.reason)


PROPERTIES = {
    "balance": list(DRAW.normal(1_000, 400, N)),
    "TotalCharges": [float(number) for number in DRAW.choice(10_000, N, replace=False)],
    "visits": [float(number % 9) for number in range(N)],
    "PhoneService": ["Yes", "No"] * (N // 2),
    "email_opt_in": [1.0, 0.0, 0.0] * (N // 3),
    "plan name": ["small", "medium", "large"] * (N // 3),
    "Name": ["A", "B", "C"] * (N // 3),
    "NumOfProducts": [1.0, 2.0, 3.0, 4.0] * (N // 4),
    "Number of orders": [float(number) for number in DRAW.permutation(200)[:N]],
    "income band": ["20000-40000", "40000-60000", "60000-90000"] * (N // 3),
    "area_code": [408.0, 415.0, 510.0] * (N // 3),
    "Driving_License": [1.0, 1.0, 0.0] * (N // 3),
    "address type": ["home", "work"] * (N // 2),
    "popularity rank": [float(number) for number in DRAW.permutation(N) + 1],
    "credit_score": [float(number) for number in DRAW.integers(300, 850, N)],
    "time on site": [float(number) for number in DRAW.integers(15_000, 60_000, N)],
    "YearOfBirth": [float(number) for number in DRAW.integers(1940, 2005, N)],
    "month": ["may", "jun", "jul"] * (N // 3),
    "version": ["1.0", "1.1", "beta"] * (N // 3),
    "Region_Code": [28.0] * 20 + [float(number % 20) for number in range(N - 20)],
}


@pytest.mark.parametrize("title", PROPERTIES)
def test_columns_that_only_resemble_identifiers_stay_features(use_of, title):
    assert use_of(title, PROPERTIES[title]).use in ("number", "binary", "category")


DATES = {
    "contract date": [f"{number % 12 + 1:02d}-{number % 28 + 1}-2021" for number in range(N)],
    "joined": pd.date_range("2020-01-01", periods=N),
    "since": [f"2021-03-{number % 28 + 1:02d}" for number in range(N)],
    "last login": [f"2021-03-{number % 28 + 1:02d}T10:{number % 60:02d}:00Z" for number in range(N)],
    "began": [f"{number % 28 + 1}/{number % 12 + 1}/21" for number in range(N)],
    "signed": [f"{number % 28 + 1} Mar 2021" for number in range(N)],
    "written": [f"March {number % 28 + 1}, 2021" for number in range(N)],
    "issue_d": [f"Dec-{2001 + number % 15}" for number in range(N)],
    "cohort": [f"2021-{number % 12 + 1:02d}" for number in range(N)],
    "wakes": [f"{number % 24}:15" for number in range(N)],
    "birth_date": [float(19_700_101 + number) for number in range(0, N * 3, 3)],
    "time": [1.5e12 + 1_000.0 * number for number in range(0, N * 7, 7)],
    "created_at": [1.6e9 + 60 * number**2 for number in range(N)],
    "timestamp": [1.6e9 + 86_400 * number**2 for number in range(N)],
}


@pytest.mark.parametrize("title", DATES)
def test_dates_and_times_are_dropped(use_of, title):
    use = use_of(title, DATES[title])

    assert (use.use, sentence(use.reason)[:8]) == ("dropped", "it holds")
    assert use_of(title, DATES[title], keep=(title,)).use == "dropped"


def test_texts_among_numbers_are_named_with_their_row(use_of):
    values = [str(number * 1.5) for number in range(50)]
    values[7] = "ask Bob"

    use = use_of("income", values)

    assert sentence(use.reason) == (
        "it holds numbers, but 1 of its 50 values is not a number, the first 'ask Bob' in data row 8: "
        "correct it to use the column as a feature"
    )


def test_kept_columns_are_features_though_they_look_like_an_identifier(use_of):
    values, _ = IDENTIFIERS["Policy Number"]

    assert use_of("Policy Number", values, keep=("Policy Number",)).use == "number"
    assert use_of("branch_id", IDENTIFIERS["branch_id"][0], number=("branch_id",)).use == "number"
    few = ["a1"] * 30 + ["b2"] * 30
    assert use_of("Surname", [*few[:-1], "c3"], category=("Surname",)).use == "category"
