// whether the label's logit has a margin: then `hits` has it before the tiles run, and a record's `hit` is the derivative with
// respect to the logit without the margin
override LABEL_MARGIN: bool = false;
