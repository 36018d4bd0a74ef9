//! Which parts are taken.

use super::*;

/// What came of a part, in short: `20..100/100!` (from, end, size of the file, `!` for the last one), `nothing`, `replay`, or
/// the refusal with the offset that it names.
fn short(next: &Result<Next, Refusal>) -> String {
    match next {
        Ok(Next::Transfer(beginning)) => {
            let Beginning { from, end, last, total, .. } = beginning;
            let end = end.map_or("?".to_owned(), |end| end.to_string());
            format!("{from}..{end}/{total}{}", if *last { "!" } else { "" })
        }
        Ok(Next::Nothing) => "nothing".into(),
        Ok(Next::Replay(_)) => "replay".into(),
        Err(Refusal { failure, offset: Some(offset), .. }) => {
            format!("{} @{offset}", failure.problem.code())
        }
        Err(refusal) => refusal.failure.problem.code().into(),
    }
}

type Row = (u64, Option<u64>, bool, Option<u64>, &'static str);

#[track_caller]
fn check(life: &Life, rows: &[Row]) {
    for &(offset, content, complete, length, wanted) in rows {
        let got = life.clone().append(&part(offset, content, complete, length), MAX, at(9));
        assert_eq!(short(&got), wanted, "{offset} {content:?} {complete} {length:?}");
    }
}

#[test]
fn a_part_begins_at_the_offset_or_where_the_client_was_told() {
    for state in [State::Idle, State::Receiving, State::Finalizing] {
        check(
            &half_way(state),
            &[
                (50, Some(50), true, None, "50..100/100!"),
                (50, Some(50), true, Some(100), "50..100/100!"),
                (20, Some(80), true, None, "20..100/100!"),
                (50, Some(30), false, None, "50..80/100"),
                (50, Some(50), false, None, "50..100/100"),
                // Wholly behind what is acknowledged: read and dropped.
                (20, Some(10), false, None, "20..30/100"),
                (50, None, true, None, "50..?/100!"),
                (20, None, false, Some(100), "20..?/100"),
                (50, Some(0), false, None, "nothing"),
                (20, Some(0), false, None, "nothing"),
                (0, Some(100), true, None, "offset_mismatch @50"),
                (19, Some(81), true, None, "offset_mismatch @50"),
                (21, Some(79), true, None, "offset_mismatch @50"),
                (49, Some(51), true, None, "offset_mismatch @50"),
                (51, Some(49), true, None, "offset_mismatch @50"),
                (100, Some(0), true, None, "offset_mismatch @50"),
                (u64::MAX, Some(u64::MAX), true, Some(1), "offset_mismatch @50"),
            ],
        );
    }
}

#[test]
fn lengths_have_to_agree() {
    check(
        &half_way(State::Idle),
        &[
            (50, Some(49), true, None, "length_mismatch"),
            (50, Some(51), true, None, "length_mismatch"),
            (50, Some(51), false, None, "length_mismatch"),
            (50, Some(50), true, Some(99), "length_mismatch"),
            (50, Some(50), true, Some(101), "length_mismatch"),
            (50, Some(10), false, Some(60), "length_mismatch"),
            (50, None, true, Some(101), "length_mismatch"),
            (50, Some(0), true, None, "length_mismatch"),
            (20, Some(30), true, None, "length_mismatch"),
            (50, Some(u64::MAX), false, None, "length_mismatch"),
            // The offset comes first.
            (51, Some(51), true, Some(99), "offset_mismatch @50"),
        ],
    );
}

#[test]
fn the_size_has_to_be_known_with_the_first_byte() {
    check(
        &Life::new(plan(), None),
        &[
            (0, Some(0), false, None, "nothing"),
            (0, Some(10), false, None, "length_required"),
            (0, None, false, None, "length_required"),
            (0, None, true, None, "length_required"),
            (0, Some(10), true, None, "0..10/10!"),
            (0, Some(10), false, Some(30), "0..10/30"),
            (0, None, true, Some(30), "0..?/30!"),
            (0, Some(0), true, None, "0..0/0!"),
            (0, Some(0), false, Some(30), "nothing"),
            (0, Some(MAX), true, None, "0..1000/1000!"),
            (0, Some(MAX + 1), true, None, "too_large"),
            (0, Some(1), false, Some(MAX + 1), "too_large"),
            (0, Some(31), false, Some(30), "length_mismatch"),
            (1, Some(1), true, None, "offset_mismatch @0"),
        ],
    );
}

#[test]
fn what_was_said_of_the_size_is_kept() {
    let mut life = Life::new(plan(), None);
    assert_eq!(life.append(&part(0, Some(0), false, Some(30)), MAX, at(1)), Ok(Next::Nothing));
    assert_eq!((life.total(), life.state()), (Some(30), &State::Idle));
    check(&life, &[(0, Some(10), true, None, "length_mismatch"), (0, Some(30), true, None, "0..30/30!")]);
    // A refused part says nothing.
    let mut life = Life::new(plan(), None);
    life.append(&part(0, Some(31), false, Some(30)), MAX, at(1)).unwrap_err();
    life.append(&part(0, None, true, Some(MAX + 1)), MAX, at(1)).unwrap_err();
    assert_eq!(life.total(), None);
}

#[test]
fn the_answer_is_given_again_to_who_asks_for_it() {
    for state in [State::Done(Ok(stored())), State::Done(Err(failed()))] {
        let mut life = half_way(state);
        (life.offset, life.told) = (100, 50);
        check(
            &life,
            &[
                (100, Some(0), true, None, "replay"),
                (50, Some(50), true, None, "replay"),
                (100, Some(0), false, None, "upload_completed @100"),
                (100, Some(1), true, None, "upload_completed @100"),
                (100, None, true, None, "upload_completed @100"),
                (50, Some(49), true, None, "upload_completed @100"),
                (50, Some(50), false, None, "upload_completed @100"),
                (20, Some(80), true, None, "upload_completed @100"),
                (u64::MAX, Some(u64::MAX), true, None, "upload_completed @100"),
            ],
        );
        let State::Done(answer) = life.state().clone() else { unreachable!() };
        let again = life.append(&part(100, Some(0), true, None), MAX, at(1));
        assert_eq!(again, Ok(Next::Replay(answer)));
    }
}

#[test]
fn of_an_upload_that_is_gone_everything_is_refused_with_404() {
    for why in [Problem::UploadCancelled, Problem::UploadExpired, Problem::DataLost, Problem::Forbidden] {
        let mut life = half_way(State::Gone(why));
        let refusal = life.append(&part(50, Some(50), true, None), MAX, at(1)).unwrap_err();
        assert_eq!((refusal.offset, refusal.gone), (None, Some(why)));
        assert_eq!(refusal.failure.problem.row().status, 404);
    }
}

/// Every combination: whatever is taken fits, and whatever is refused changes nothing but what was told.
#[test]
fn no_part_leads_astray() {
    let lengths = || [None].into_iter().chain([0, 20, 50, 99, 100, 101].map(Some));
    let contents = || [None].into_iter().chain([0, 1, 29, 30, 49, 50, 51, 80, 100, u64::MAX].map(Some));
    for state in every_state() {
        for (offset, content) in (0..=101).flat_map(|offset| contents().map(move |content| (offset, content)))
        {
            for (complete, length) in lengths().flat_map(|length| [(false, length), (true, length)]) {
                let before = half_way(state.clone());
                let mut life = before.clone();
                let got = life.append(&part(offset, content, complete, length), MAX, at(9));
                assert_eq!((life.offset, life.touched), (50, at(9)));
                assert!(life.told == 20 || life.told == 50);
                match got {
                    Ok(Next::Transfer(Beginning { from, end, last, total, continuation })) => {
                        assert!(before.is_open() && [20, 50].contains(&from) && total == 100);
                        assert_eq!((from, last), (offset, complete));
                        assert_eq!(end, content.map(|content| from + content));
                        assert!(end.is_none_or(|end| end <= total && (!last || end == total)));
                        // It goes on from an exact place; a record that is made now has doubts.
                        assert_eq!(continuation, exact(50));
                        let doubtful = changed(exact(50), |checkpoint| checkpoint.in_doubt = true);
                        assert_eq!((life.state(), life.continuation()), (&State::Receiving, &doubtful));
                    }
                    _ => {
                        let unchanged = Life { told: before.told, touched: before.touched, ..life };
                        assert_eq!(unchanged, before);
                    }
                }
            }
        }
    }
}

#[test]
fn the_offset_that_a_refusal_names_is_taken_next() {
    let mut life = half_way(State::Idle);
    life.append(&part(40, Some(60), true, None), MAX, at(1)).unwrap_err();
    check(
        &life,
        &[(50, Some(50), true, None, "50..100/100!"), (20, Some(80), true, None, "offset_mismatch @50")],
    );
}
