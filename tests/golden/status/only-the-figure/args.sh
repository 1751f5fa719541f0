# The curves of one layer and of several; what has no figure cannot be one.
"$SYSGAP" status gramine-1.8 --output one.svg
"$SYSGAP" status gramine-1.0 gramine-1.8 --format svg >two.svg
for file in one.svg two.svg; do
	grep -c '^<svg' $file
	grep -o '>Completeness[^<]*<' $file
	grep -c "stroke='rgb(  0, 114, 178)'" $file >/dev/null
done
"$SYSGAP" layer list --format svg
