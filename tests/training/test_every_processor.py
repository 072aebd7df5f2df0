"""The same rows give the same trees and the same forecasts on every processor, to the last bit."""

import os
import subprocess
import sys

import numpy as np
import pytest

from springback.forecasting.logistic import FARTHEST, logistic

WIDE = "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR AVX512_KNL AVX512_KNM"
PROCESSORS = {
    "as it is": {},
    "without AVX-512": {"NPY_DISABLE_CPU_FEATURES": WIDE},
    "without AVX2 and FMA": {"NPY_DISABLE_CPU_FEATURES": f"{WIDE} AVX2 FMA3", "NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""},
    "without machine code": {"NUMBA_DISABLE_JIT": "1", "NPY_DISABLE_CPU_FEATURES": f"{WIDE} AVX2 FMA3"},
}
PROGRAM = """
import hashlib, pickle, warnings
warnings.simplefilter("ignore")
import numpy as np
from springback.training.estimators import histogram
from springback.training.training_settings import Training
draw = np.random.default_rng(7)
rows = draw.normal(0, 1, (3000, 8)).astype(np.float32)
target = rows[:, 0] + draw.normal(0, 3, len(rows)) > 0.2
model = histogram(rows, target, Training(trees=12))
print(hashlib.sha256(pickle.dumps(model.__getstate__()) + model.predict_proba(rows).tobytes()).hexdigest())
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a process on each kind of processor learns and says, as one hash."""
    found = {}
    for name, switches in PROCESSORS.items():
        cache = {"NUMBA_CACHE_DIR": str(tmp_path_factory.mktemp("numba"))}
        environment = os.environ | cache | switches
        done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        found[name] = done.stdout.strip()
    return found


@pytest.mark.parametrize("processor", PROCESSORS)
def test_the_trees_and_forecasts_are_the_same(answers: dict[str, str], processor: str) -> None:
    assert len(answers["as it is"]) == 64 and answers[processor] == answers["as it is"]


def test_it_is_the_logistic_function() -> None:
    """Against numpy's, which differs from processor to processor in the last bit, over all that a forest says."""
    x = np.linspace(-8, 8, 20_001)
    np.testing.assert_allclose(logistic(x), 1.0 / (1.0 + np.exp(-x)), rtol=1e-11)
    far = np.array([-700.0, -FARTHEST, 0.0, FARTHEST, 700.0, np.nan])
    np.testing.assert_allclose(logistic(far), [9.36e-14, 9.36e-14, 0.5, 1.0, 1.0, np.nan], rtol=1e-3)
    assert [logistic(one) for one in x[:50]] == logistic(x[:50]).tolist()
