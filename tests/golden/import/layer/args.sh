# Twice under one name: one layer is kept.
"$SYSGAP" import layer calls.csv --name mylibos --layer-version 2
"$SYSGAP" import layer calls.csv --name mylibos --layer-version 2 --format tsv
