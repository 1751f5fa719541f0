# What "layer show" writes is a layer file: nothing is lost on the way.
for layer in gvisor nanos gramine-1.8; do
	"$SYSGAP" layer show $layer --format json >shown.json
	"$SYSGAP" layer show shown.json --format json | cmp - shown.json
	"$SYSGAP" layer show $layer --format tsv >shown.tsv
	"$SYSGAP" layer show shown.tsv --format tsv | cmp - shown.tsv
	"$SYSGAP" layer diff $layer shown.tsv
done
