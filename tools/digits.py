# SPDX-License-Identifier: Apache-2.0
"""Writes recipes/data/digits.csv from scikit-learn's digits: 1,797 pictures of 8 x 8 pixels, 0 to 16, and their class.

    pip install scikit-learn==1.9.1
    python tools/digits.py
"""
import os

from sklearn.datasets import load_digits

digits = load_digits()
path = os.path.join(os.path.dirname(__file__), "..", "recipes", "data", "digits.csv")
with open(path, "w", encoding="ascii") as file:
    file.write(",".join(f"pixel_{y}_{x}" for y in range(8) for x in range(8)) + ",digit\n")
    for pixels, digit in zip(digits.data.astype(int), digits.target):
        file.write(",".join(map(str, pixels)) + f",{digit}\n")
