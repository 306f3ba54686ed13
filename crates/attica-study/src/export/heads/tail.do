display scalar(attica_checked) " numbers compared"
if scalar(attica_differs) > 0 {
    display as error scalar(attica_differs) " numbers differ"
    exit 9
}
display "agrees"
