# A page only lacks its figure; a figure that was asked for is an error.
program=$(realpath "$SYSGAP")
mkdir work
cd work
PATH=/nonexistent "$program" status gramine-1.8 --output page.html || exit 9
grep -c "<figure>" page.html && exit 9
code=0
PATH=/nonexistent "$program" status gramine-1.8 --figures figures --output text.md || code=$?
PATH=/nonexistent "$program" status gramine-1.8 --output figure.svg && exit 9
ls
exit $code
