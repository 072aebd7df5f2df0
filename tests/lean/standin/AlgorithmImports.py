"""What `from AlgorithmImports import *` gives on LEAN, as far as a daily equity algorithm uses it (tests/lean/standin).

A name that is missing here is missing on purpose: an algorithm that needs it has to be checked against LEAN first.
"""

import json
import math
import os
import sys
from datetime import date, datetime, time, timedelta
from typing import *

import numpy as np
import pandas as pd
from lean_standin.algorithm import *
from lean_standin.data import *
from lean_standin.names import *
from lean_standin.orders import *
from lean_standin.securities import *
