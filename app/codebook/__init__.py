"""The codebook: themes by which passages are coded, one tree for each scheme."""
