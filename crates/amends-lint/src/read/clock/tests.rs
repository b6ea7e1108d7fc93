use jiff::civil::date;

use super::*;

/// What was read, written in one form: `[date ][time][..[date ]time][ zone]`.
fn read(text: &str) -> Vec<String> {
    mentions(text)
        .into_iter()
        .map(|mention| {
            let date = |date: Option<WrittenDate>| match date {
                Some(WrittenDate::Full(date)) => format!("{date} "),
                Some(WrittenDate::MonthDay(month, day)) => format!("{month}-{day} "),
                Some(WrittenDate::Weekday(day)) => format!("{day:?} "),
                None => String::new(),
            };
            let time = |time: &WrittenTime| format!("{:02}:{:02}", time.time.hour(), time.time.minute());
            let mut out = date(mention.date);
            out.push_str(&mention.time.as_ref().map_or(String::new(), time));
            if let Some((until_date, until)) = &mention.until {
                out.push_str(&format!("..{}{}", date(*until_date), time(until)));
            }
            if let Some(zone) = &mention.zone {
                out.push_str(&format!(" {}", zone.text));
            }
            out.trim().to_owned()
        })
        .collect()
}

#[test]
fn times_in_every_usual_form() {
    for (text, expected) in [
        ("11:05 Am Configuration pushed", "11:05"),
        ("1: 55 PM Server restart", "13:55"),
        ("2: 23 PM 100% restored", "14:23"),
        ("12:02 PM failed", "12:02"),
        ("10:45a", "10:45"),
        ("12:29p, the pods", "12:29"),
        ("12.33 AM it worked", "00:33"),
        ("at 3PM EST", "15:00 EST"),
        ("at 3 p.m. sharp", "15:00"),
        ("11:05\u{202f}AM", "11:05"),
        ("[09:02] @k", "09:02"),
        ("**00:27 UTC:** x", "00:27 UTC"),
        ("~15:10", "15:10"),
        ("1430 UTC", "14:30 UTC"),
        ("0930Z", "09:30 Z"),
        ("14h30", "14:30"),
        ("0:25:59 AM", "00:25"),
        ("20:56 PM UTC", "20:56 UTC"),
        ("at noon", "12:00"),
        ("14:05: the node", "14:05"),
        ("(00:55 UTC)", "00:55 UTC"),
        ("13:00 (UTC+2)", "13:00 UTC+2"),
        ("09:15:04", "09:15"),
        ("24:00", "00:00"),
        ("2020-11-12T15:54:00-07:00", "2020-11-12 15:54 -07:00"),
        ("2021-05-30T08:13 - job", "2021-05-30 08:13"),
        ("2026-05-04T17:51:33.125981Z", "2026-05-04 17:51 Z"),
    ] {
        assert_eq!(read(text), [expected], "{text}");
    }
}

#[test]
fn dates_and_their_times() {
    for (text, expected) in [
        ("2022-11-10 11:05", "2022-11-10 11:05"),
        ("2022/11/10, 11:05 UTC", "2022-11-10 11:05 UTC"),
        ("21.04.2016 15:00", "2016-04-21 15:00"),
        ("07-27-2023 2:14 pm", "2023-07-27 14:14"),
        ("12/01/2022", "2022-12-01"),
        ("26/01/2022 10:00", "2022-01-26 10:00"),
        ("5-26-21", "2021-05-26"),
        ("[03-26 23:04] The node", "3-26 23:04"),
        ("November 10th, 2022", "2022-11-10"),
        ("On April 21, approximately", "4-21"),
        ("the 31st of October, 2021 at 9:00", "2021-10-31 09:00"),
        ("10 November 2022 14:00", "2022-11-10 14:00"),
        ("March 6 2017 22:59", "2017-03-06 22:59"),
        ("July 11, 2025, 12:42 PM", "2025-07-11 12:42"),
        ("12:45 PM PST Saturday Oct 30th: First", "10-30 12:45 PST"),
        ("2:30PM EST on April 21.", "4-21 14:30 EST"),
        ("2019-04-03 - 12:50", "2019-04-03 12:50"),
        ("Sun | Oct 31 | 21:33 | user posts", "10-31 21:33"),
        ("February 15, 2024: 7:56am UTC", "2024-02-15 07:56 UTC"),
        ("Monday 14:00", "Monday 14:00"),
        ("2023-01-31  20:56 PM UTC", "2023-01-31 20:56 UTC"),
        ("11am GMT April 20th 2021", "2021-04-20 11:00 GMT"),
        ("{{ 2022-01-20 Between 02:00 and 02.30 PM }}", "2022-01-20 14:00..14:30"),
    ] {
        assert_eq!(read(text), [expected], "{text}");
    }
}

#[test]
fn ranges() {
    for (text, expected) in [
        ("from 11:19 AM to 2:25 PM IST", "11:19..14:25 IST"),
        ("00:25 - 00:29 AM", "00:25..00:29"),
        ("between 2 AM and 2.30 AM PST", "02:00..02:30 PST"),
        ("11:00–11:30pm", "23:00..23:30"),
        ("10:30 - 1:15 PM", "10:30..13:15"),
        (
            "Between approximately 2025-07-30 21:27 UTC and 2025-07-31 07:27 UTC",
            "2025-07-30 21:27..2025-07-31 07:27 UTC",
        ),
        ("2022-11-10 11:05 to 2022-11-10 12:00", "2022-11-10 11:05..2022-11-10 12:00"),
        ("14:05-14:09", "14:05..14:09"),
    ] {
        assert_eq!(read(text), [expected], "{text}");
    }
}

#[test]
fn what_is_no_time() {
    for text in [
        "ratio 3:1",
        "10.12.5.36:10254",
        "version 1.13.12 and 1.14.1",
        "aa:12:34:56:78:9a",
        "Step 3: 10 servers",
        "the year 2022",
        "2000 hours",
        "postgres:14:05x",
        "https://x.test/2017-11-30/16:22 ",
        "gke-pool-2017-11-30x",
        "we may 3 times",
        "Sun Microsystems",
        "I am 12",
        "99:99",
        "25:00",
        "14:60",
        "2023-13-40",
        "#12:30",
        "$3-4",
    ] {
        assert_eq!(read(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn how_it_is_written_is_kept() {
    let first = |text: &str| mentions(text).into_iter().next().unwrap();
    assert!(first("1: 55 PM").time.unwrap().malformed);
    assert!(first("20:56 PM").time.unwrap().malformed);
    assert!(!first("1:55 PM").time.unwrap().malformed);
    assert_eq!(first("1:55 PM").time.unwrap().style, Style::Twelve);
    assert_eq!(first("13:55").time.unwrap().style, Style::TwentyFour);
    assert!(first("around 13:55").approximate);
    assert!(first("24:00").time.unwrap().next_day);
    let mention = first("x 2022-11-10 at 11:05 UTC y");
    assert_eq!((mention.start, mention.end), (2, 25));
    assert_eq!(mention.date, Some(WrittenDate::Full(date(2022, 11, 10))));
}

#[test]
fn two_rows_in_one_text_stay_apart() {
    assert_eq!(
        read("2022-11-10 11:05 pushed, 2022-11-11 09:00 found"),
        ["2022-11-10 11:05", "2022-11-11 09:00"]
    );
    assert_eq!(read("at 15:10, 2022-11-11 09:00 found"), ["15:10", "2022-11-11 09:00"]);
}
