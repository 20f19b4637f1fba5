"""Doc2vec by gensim: training, the model as plain arrays, and vectors of customers that the model infers.

Vectors are inferred for all customers, including those that the model was trained on, so that a customer who is scored later with the same
baskets gets exactly the same vector.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from segcore.errors import ParameterError
from segcore.features.vectors.documents import Documents, Words
from segcore.records.vectors import Vectors
from segcore.wording.findings import refusal

Progress = Callable[[float], None]
_LONGEST = 10_000  # words of a document; gensim silently ignores further words
_FIRST_RATE, _LAST_RATE = 0.025, 0.0001
_EVERY = 64  # customers between two reports


@dataclass(frozen=True, slots=True, eq=False)
class VectorModel:
    """A trained model.

    Parameters
    ----------
    vectors : Vectors
    words : Words
    output : ndarray of shape (n_words, dimensions), float32
        Weights with which a customer's vector predicts each word.
    input : ndarray of shape (n_words, dimensions), float32, or None
        Vectors of the words as neighbours in an order; only for ``dm``.
    """

    vectors: Vectors
    words: Words
    output: np.ndarray
    input: np.ndarray | None = None

    @property
    def products(self) -> np.ndarray:
        """Vector of each product with its own word: similar for products that the same customers, or the same orders, have."""
        return (self.output if self.input is None else self.input)[: len(self.words.names)]


def require_gensim() -> None:
    """Raise `ParameterError` with the command that installs gensim, if it is not installed."""
    if importlib.util.find_spec("gensim") is None:  # importing it takes a second
        raise refusal("vectors.no_gensim", kind=ParameterError)


def train(documents: Documents, words: Words, vectors: Vectors, progress: Progress = lambda share: None) -> VectorModel:
    """Train a model with one thread.

    Parameters
    ----------
    documents : Documents
        Of at least one customer.
    words : Words
    vectors : Vectors
        With a number of epochs.
    progress : callable (float) -> None
        Called after each epoch with the share done, 0 to 1.

    Notes
    -----
    The same documents and options give the same model to the bit in every process, whatever its hash seed.
    """
    require_gensim()
    from gensim.models.callbacks import CallbackAny2Vec

    epochs = int(vectors.epochs)

    class Report(CallbackAny2Vec):
        done = 0

        def on_epoch_end(self, model: Any) -> None:
            self.done += 1
            progress(self.done / epochs)

    model = _empty(words, vectors, n_customers=len(documents))
    corpus = _Corpus(documents, vectors)
    model.train(corpus, total_examples=len(corpus), epochs=epochs, callbacks=[Report()])
    return VectorModel(vectors, words, np.array(model.syn1neg), np.array(model.wv.vectors) if vectors.method == "dm" else None)


def infer(model: VectorModel, documents: Documents, progress: Progress = lambda share: None) -> np.ndarray:
    """Return the vectors of customers, shape (n_customers, dimensions), float64; 0 for those without words.

    Parameters
    ----------
    model : VectorModel
    documents : Documents
    progress : callable (float) -> None
        Called now and then with the share done, 0 to 1.

    Notes
    -----
    A customer's vector depends only on the model and the customer's own words in their order, down to the last bit: these words also
    determine the seed of its random draws.
    """
    require_gensim()
    # In one thread: gensim holds the interpreter's lock so often that two threads are slower.
    inferrer = _Inferrer(model)
    found = np.zeros((len(documents), model.vectors.dimensions))
    for customer in range(len(documents)):
        found[customer] = inferrer.vector(documents, customer)
        if customer % _EVERY == _EVERY - 1:
            progress((customer + 1) / len(documents))
    progress(1.0)
    return found if model.vectors.lengths == "kept" else unit_rows(found)


class _Inferrer:
    """A gensim model with the weights of a trained one."""

    def __init__(self, model: VectorModel) -> None:
        vectors = self._vectors = model.vectors
        self._is_dm = vectors.method == "dm"
        self._model = _empty(model.words, vectors, n_customers=0)
        self._model.syn1neg = np.ascontiguousarray(model.output)
        if model.input is not None:
            self._model.wv.vectors = np.ascontiguousarray(model.input)
        self._names = _names(len(model.words))
        self._work, self._neighbours = np.zeros((2, vectors.dimensions), dtype=np.float32)
        self._rates = np.linspace(_FIRST_RATE, _LAST_RATE, int(vectors.epochs)).tolist()

    def vector(self, documents: Documents, customer: int) -> np.ndarray:
        """Return a customer's vector, shape (dimensions,), float32; 0 without words."""
        from gensim.models.doc2vec_inner import train_document_dbow, train_document_dm

        parts = list(documents.sentences(customer, whole=not self._is_dm, longest=_LONGEST))
        if not parts:
            return np.zeros(self._vectors.dimensions, dtype=np.float32)
        draws = self._model.random = _draws(self._vectors, parts)
        vector = ((draws.rand(1, self._vectors.dimensions) - 0.5) / self._vectors.dimensions).astype(np.float32)
        texts = [self._names[part].tolist() for part in parts]
        fixed = {"learn_words": False, "learn_hidden": False, "doctag_vectors": vector, "doctags_lockf": np.ones(1, dtype=np.float32)}
        for rate in self._rates:
            for text in texts:
                if self._is_dm:
                    train_document_dm(self._model, text, [0], rate, self._work, self._neighbours, **fixed)
                else:
                    train_document_dbow(self._model, text, [0], rate, self._work, **fixed)
        return np.asarray(vector[0])


def _empty(words: Words, vectors: Vectors, *, n_customers: int) -> Any:
    """Return a gensim model with these words, in this order, and untrained weights."""
    from gensim.models.doc2vec import Doc2Vec

    model = Doc2Vec(
        vector_size=vectors.dimensions,
        dm=int(vectors.method == "dm"),
        window=vectors.window,
        epochs=int(vectors.epochs),
        min_count=1,
        sorted_vocab=0,
        negative=vectors.negative,
        ns_exponent=vectors.exponent,
        sample=vectors.sample,
        alpha=_FIRST_RATE,
        min_alpha=_LAST_RATE,
        workers=1,
        seed=vectors.seed + 1,  # NumPy's seed for gensim's draws; 0 would mean a different seed in each process
    )
    model.dv.index_to_key = list(range(n_customers))
    model.build_vocab_from_freq(dict(zip(_names(len(words)).tolist(), words.counts.tolist(), strict=True)))
    return model


class _Corpus:
    """Documents in gensim's form, which can be read any number of times."""

    def __init__(self, documents: Documents, vectors: Vectors) -> None:
        self._documents, self._whole = documents, vectors.method == "dbow"  # for which the sequence of words and orders does not matter
        self._names = _names(int(documents.words.max(initial=-1)) + 1)

    def __len__(self) -> int:
        ends = self._documents.orders[self._documents.customers] if self._whole else self._documents.orders
        return int(np.sum(-(-np.diff(ends) // _LONGEST)))

    def __iter__(self) -> Iterator[Any]:
        from gensim.models.doc2vec import TaggedDocument

        for customer in range(len(self._documents)):
            for part in self._documents.sentences(customer, whole=self._whole, longest=_LONGEST):
                yield TaggedDocument(self._names[part].tolist(), [customer])


def _names(n: int) -> np.ndarray:
    return np.array([str(at) for at in range(n)], dtype=object)


def _draws(vectors: Vectors, parts: list[np.ndarray]) -> np.random.RandomState:
    content = hashlib.blake2b(str(vectors.seed).encode(), digest_size=4)
    for part in parts:
        content.update(len(part).to_bytes(4, "little") + np.ascontiguousarray(part, dtype="<i4").tobytes())
    return np.random.RandomState(int.from_bytes(content.digest(), "little"))


def unit_rows(X: np.ndarray) -> np.ndarray:
    """Return rows scaled to length 1, float64; rows of zeros stay as they are."""
    X = np.asarray(X, dtype=np.float64)
    lengths = np.linalg.norm(X, axis=1, keepdims=True)
    return np.asarray(X / np.where(lengths > 0, lengths, 1.0))
