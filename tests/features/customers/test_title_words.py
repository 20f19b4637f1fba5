import pytest

from segcore.features.customers.title_words import (
    names,
    names_count,
    names_id,
    names_model_output,
    names_outcome,
    names_person,
    numbers_rows,
    says_exclude,
    suggests_codes,
    words_of,
)

YES_NO, BITS, FEW = ["no", "yes"], ["0", "1"], ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("CreditScore", ("credit", "score")),
        ("customerID", ("customer", "id")),
        ("CLIENTNUM", ("clientnum",)),
        ("default.payment.next.month", ("default", "payment", "next", "month")),
        ("Annual Income (k$)", ("annual", "income", "k")),
        ("Churn?", ("churn",)),
        ("prénom", ("prenom",)),
        ("PAY_0", ("pay", "0")),
        ("HTTPStatus2xx", ("http", "status", "2", "xx")),
        ("", ()),
    ],
)
def test_titles_are_split_into_words(title, words):
    assert words_of(title) == words


@pytest.mark.parametrize("title", ["exclude_this", "EXCLUDE", "Excluded", "excl_income", "income_excl", "exclude from model"])
def test_titles_that_ask_for_exclusion(title):
    assert says_exclude(title)


@pytest.mark.parametrize("title", ["exclusive_member", "excel_user", "income", "", "non_excludable"])
def test_other_titles_do_not_ask_for_exclusion(title):
    assert not says_exclude(title)


@pytest.mark.parametrize(
    "title",
    [
        "prediction",
        "predicted_income",
        "PredictedSpend",
        "score_churn",
        "Churn Score",
        "churn_probability",
        "ChurnProb",
        "attrition_risk",
        "propensity",
        "propensity_to_buy",
        "cluster",
        "Cluster_ID",
        "cluster_1",
        "segment",
        "Customer Segment",
        "segment_name",
        "buyer_pred",
        "default_proba",
        "kmeans_label",
        "k-means",
        "y_pred",
        "yhat",
        "random_forest_v2",
        "fraud_score",
        "is_train",
        "Naive_Bayes_Classifier_Attrition_Flag_Card_Category_Contacts_Count_12_mon_Dependent_count_Education_Level_Months_Inactive_12_mon_1",
    ],
)
def test_titles_of_what_models_made(title):
    assert names_model_output(title)


@pytest.mark.parametrize(
    "title",
    [
        "credit_score",
        "CreditScore",
        "Spending Score (1-100)",
        "Satisfaction Score",
        "market_segment",
        "risk",
        "credit_risk_score",
        "rfm_tier",
        "lead_score",
        "EstimatedSalary",
        "training_hours",
        "car_model",
        "Product_Classification",
        "Credit_Card_Classification",
        "forest_area",
        "problem_count",
        "churn",
        "",
    ],
)
def test_scores_that_describe_customers_are_not_the_output_of_models(title):
    assert not names_model_output(title)


@pytest.mark.parametrize(
    ("title", "values"),
    [
        ("churn", YES_NO),
        ("Churn?", ["False.", "True."]),
        ("Churn Label", YES_NO),
        ("Churn Value", BITS),
        ("is_churned", BITS),
        ("Exited", BITS),
        ("Attrition_Flag", ["Attrited Customer", "Existing Customer"]),
        ("default", YES_NO),
        ("default.payment.next.month", BITS),
        ("default payment next month", BITS),
        ("DEFAULT_FLAG", BITS),
        ("deposit", YES_NO),
        ("y", YES_NO),
        ("target", BITS),
        ("TARGET", BITS),
        ("label", BITS),
        ("Response", BITS),
        ("responded", YES_NO),
        ("converted", BITS),
        ("subscribed", YES_NO),
        ("claim", BITS),
        ("claim_flag", BITS),
        ("fraud_reported", ["N", "Y"]),
        ("is_fraud", BITS),
        ("outcome", BITS),
        ("class", ["bad", "good"]),
        ("Class", BITS),
        ("Revenue", BITS),
        ("Revenue", ["False", "True"]),
        ("is_canceled", BITS),
        ("Risk", ["bad", "good"]),
        ("Purchased", BITS),
        ("purchased", ["bought it", "walked away"]),
        ("bought_insurance", ["nope", "yep"]),
        ("made_purchase", BITS),
        ("Clicked on Ad", BITS),
        ("income", ["<=50K", ">50K"]),
        ("Income class", ["rich", "poor"]),
        ("high_salary", BITS),
        ("income_above_50k", ["0", "1"]),
        ("SeriousDlqin2yrs", BITS),
        ("Customer Status", ["Churned", "Joined", "Stayed"]),
        ("loan_status", ["Charged Off", "Current", "Fully Paid"]),
        ("Churn Reason", [f"reason {number}" for number in range(20)]),
        ("BAD", BITS),
        ("bad_loan", BITS),
        ("FraudFound_P", BITS),
        ("Insurance_claim", BITS),
        ("cancelled_subscription", BITS),
        ("policy renewed", YES_NO),
        ("Gekündigt", ["ja", "nein"]),
        ("gekuendigt", BITS),
        ("Kunde gekündigt", ["J", "N"]),
        ("cliente_baja", ["no", "si"]),
        ("Résilié", ["non", "oui"]),
    ],
)
def test_outcomes_are_known_by_title_and_few_values(title, values):
    assert names_outcome(title, values)


@pytest.mark.parametrize(
    ("title", "values"),
    [
        ("churn", None),
        ("IsActiveMember", BITS),
        ("HasCrCard", BITS),
        ("default_language", ["de", "en"]),
        ("claim_amount", None),
        ("number_of_claims", FEW),
        ("poutcome", ["failure", "other", "success", "unknown"]),
        ("Class", ["Business", "Eco", "Eco Plus"]),
        ("risk", ["high", "low"]),
        ("class", ["business", "economy"]),
        ("Revenue", [str(number) for number in range(20)]),
        ("deposit_amount", BITS),
        ("Subscription Status", YES_NO),
        ("housing", YES_NO),
        ("Type of Travel", ["Business travel", "Personal Travel"]),
        ("conversion_rate", FEW),
        ("target_group", ["A", "B"]),
        ("defaulted_twice_in_shop", BITS),
        ("AcceptedCmp1", BITS),
        ("Income_Category", ["$40K - $60K", "$60K - $80K", "Less than $40K"]),
        ("income", FEW),
        ("income_source", ["rent", "wages"]),
        ("purchase_channel", ["shop", "web"]),
        ("online_purchases", ["no", "yes"]),
        ("auto_renewal_plan", YES_NO),
        ("bad_weather_days", FEW),
        ("", BITS),
    ],
)
def test_other_columns_are_no_outcomes(title, values):
    assert not names_outcome(title, values)


@pytest.mark.parametrize("title", ["name", "Surname", "LastName", "first_name", "Full Name", "customer name", "Name2", "username"])
def test_titles_of_names(title):
    assert names_person(title)


@pytest.mark.parametrize("title", ["product_name", "plan name", "named_driver", "rename", "city"])
def test_titles_of_other_names(title):
    assert not names_person(title)


@pytest.mark.parametrize("title", ["customer_id", "CustomerID", "id", "CLIENTNUM", "accountUuid", "AccountNumber", "policyno"])
def test_titles_of_ids(title):
    assert names_id(title)


@pytest.mark.parametrize("title", ["paid", "idle_days", "NumOfProducts", "balance", "children_no", "humid", "avoid"])
def test_titles_that_only_sound_like_ids(title):
    assert not names_id(title)


@pytest.mark.parametrize("title", ["RowNumber", "index", "Unnamed: 0", "row_id", "#", "S.No", "Sl No", "nr"])
def test_titles_of_columns_that_number_the_rows(title):
    assert numbers_rows(title)


def test_titles_of_other_things():
    assert names("Mobile Number", "phone")
    assert names("Zip Code", "postcode")
    assert names("postal_code", "postcode")
    assert names("Street Address", "address")
    assert names("Date of birth", "date")
    assert not names("updated", "date")
    assert names_count("NumOfProducts")
    assert names_count("Total Children")
    assert not names_count("Region")
    assert suggests_codes("OperatingSystems")
    assert not suggests_codes("Income")
