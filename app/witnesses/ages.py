"""Bands of age, which say enough for a figure and too little to recognize somebody."""

OLDEST_OF_BAND = {17: "16-17", 21: "18-21", 25: "22-25"}
YOUNGEST = 16
BANDS = (*OLDEST_OF_BAND.values(), "26+")
