"""Labels, splits, estimators, training, walk-forward and their evaluation."""

from springback.training.labels import forward_return, tradable_return
from springback.training.train import Trained, train
from springback.training.training_settings import Training, WalkForward
from springback.training.walk_forward import Fold, WalkForwardResult, WalkOptions, walk_forward

__all__ = [
    "Fold",
    "Trained",
    "Training",
    "WalkForward",
    "WalkForwardResult",
    "WalkOptions",
    "forward_return",
    "tradable_return",
    "train",
    "walk_forward",
]
