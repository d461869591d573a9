// whether the label's logit has a margin; then it is known before the tiles, and its derivative has come through the margin
override LABEL_MARGIN: bool = false;
