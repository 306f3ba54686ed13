display checked " numbers compared"
if differs > 0 {
    display as error differs " numbers differ"
    exit 9
}
display "agrees"
