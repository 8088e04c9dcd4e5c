//! What is in the file.

use super::*;

const PLAIN: bool = false;
const LOG: bool = true;

fn chart(logarithmic: [bool; 2], series: Vec<Series>) -> Chart {
    let axis = |label: &str, logarithmic| Axis { label: label.into(), logarithmic };
    let [x, y] = logarithmic;
    Chart { title: "the title".into(), x: axis("along", x), y: axis("up", y), series }
}

fn series(name: &str, points: &[(f64, f64)]) -> Series {
    Series { name: name.into(), points: points.to_vec(), band: None }
}

/// The file, which has to be whole: every tag closed, every number finite, nothing that XML does not allow.
fn svg(chart: &Chart) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chart.svg");
    chart.write(&path).unwrap();
    let svg = std::fs::read_to_string(&path).unwrap();
    assert!(svg.starts_with("<svg width=\"900\" height=\"560\"") && svg.ends_with("</svg>\n"), "{svg}");
    assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    assert!(svg.chars().all(|c| c == '\n' || !c.is_control()));
    svg
}

/// Points of all lines in the colour of series `i`, in quarters of a pixel.
fn line(svg: &str, i: usize) -> Vec<(i32, i32)> {
    let stroke = format!("stroke=\"{}\"", hex(i));
    let points = |line: &str| {
        let points = line.split("points=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let number = |text: &str| text.parse::<i32>().unwrap();
        let point = |pair: &str| pair.split_once(',').map(|(x, y)| (number(x), number(y))).unwrap();
        points.split_whitespace().map(point).collect::<Vec<_>>()
    };
    let lines = svg.lines().filter(|line| line.starts_with("<polyline") && line.contains(&stroke));
    lines.flat_map(points).collect()
}

fn dots(svg: &str, i: usize) -> usize {
    let fill = format!("fill=\"{}\"", hex(i));
    svg.lines().filter(|line| line.starts_with("<circle") && line.contains(&fill)).count()
}

fn hex(i: usize) -> String {
    let colour = sheet::colour(i);
    format!("#{:02X}{:02X}{:02X}", colour.0, colour.1, colour.2)
}

#[test]
fn a_line_goes_where_its_points_are() {
    let svg = svg(&chart([PLAIN, PLAIN], vec![series("a", &[(0.0, 0.0), (1.0, 1.0), (2.0, 0.0)])]));
    let line = line(&svg, 0);
    assert_eq!((line.len(), dots(&svg, 0)), (3, 3));
    assert!(line[0].0 < line[1].0 && line[1].0 - line[0].0 == line[2].0 - line[1].0, "{line:?}");
    assert!(line[1].1 < line[0].1 && line[0].1 == line[2].1, "up is towards the top: {line:?}");
    for text in ["\nthe title\n", "along\n", "up\n", "0.5\n", "1.5\n"] {
        assert!(svg.contains(&text.trim_start().to_owned()), "{text}");
    }
}

#[test]
fn equal_ratios_are_equal_distances_on_a_logarithmic_axis() {
    let points = [(1.0, 10.0), (10.0, 1e3), (100.0, 1e5)];
    let svg = svg(&chart([LOG, LOG], vec![series("a", &points)]));
    let line = line(&svg, 0);
    assert!((line[2].0 - line[1].0).abs_diff(line[1].0 - line[0].0) <= 1, "{line:?}");
    assert!((line[2].1 - line[1].1).abs_diff(line[1].1 - line[0].1) <= 1, "{line:?}");
    assert!(svg.contains("10³\n") && svg.contains("10²\n"));
}

#[test]
fn what_cannot_be_drawn_is_left_out() {
    let nan = f64::NAN;
    let points =
        [(1.0, 1.0), (2.0, nan), (nan, 2.0), (3.0, f64::INFINITY), (4.0, 0.0), (5.0, -1.0), (6.0, 2.0)];
    let left = |axes| line(&svg(&chart(axes, vec![series("a", &points)])), 0).len();
    assert_eq!((left([PLAIN, PLAIN]), left([PLAIN, LOG])), (4, 2));
    assert_eq!(left([LOG, LOG]), 2);
    let without = [points[0], points[6]];
    assert_eq!(
        svg(&chart([LOG, LOG], vec![series("a", &points)])),
        svg(&chart([LOG, LOG], vec![series("a", &without)]))
    );
}

#[test]
fn no_data_is_said() {
    let none: [&[Series]; 4] = [
        &[],
        &[series("a", &[])],
        &[series("a", &[(f64::NAN, 1.0)]), series("b", &[])],
        &[series("a", &[(1.0, 0.0), (1.0, -1.0)])],
    ];
    for series in none {
        assert!(svg(&chart([PLAIN, LOG], series.to_vec())).contains("no data\n"), "{series:?}");
    }
    let one = svg(&chart([PLAIN, PLAIN], vec![series("a", &[]), series("b", &[(1.0, 1.0), (2.0, 2.0)])]));
    assert!(one.contains("a (no data)\n") && !one.contains("b (no data)"));
}

#[test]
fn single_points_and_level_lines_have_an_axis() {
    for points in
        [&[(3.0, 7.0)][..], &[(1.0, 7.0), (2.0, 7.0)], &[(0.0, 0.0)], &[(2.0, 5e-324), (2.0, 5e-324)]]
    {
        for axes in [[PLAIN, PLAIN], [LOG, LOG], [PLAIN, LOG]] {
            let svg = svg(&chart(axes, vec![series("a", points)]));
            let drawn = points.iter().filter(|point| !axes[1] || point.1 > 0.0).count();
            assert_eq!(dots(&svg, 0), drawn, "{points:?} {axes:?}");
        }
    }
}

#[test]
fn a_legend_names_several_series() {
    let rows: Vec<Series> =
        (0..20).map(|i| series(&format!("<row {i}>"), &[(0.0, f64::from(i)), (1.0, f64::from(i))])).collect();
    assert!(!svg(&chart([PLAIN, PLAIN], rows[..1].to_vec())).contains("row 0"));
    let two = svg(&chart([PLAIN, PLAIN], rows[..2].to_vec()));
    assert!(two.contains("&lt;row 0&gt;\n") && two.contains("&lt;row 1&gt;\n"));
    assert_eq!(
        (line(&two, 0).len(), line(&two, 1).len()),
        (4, 4),
        "two points each, and a sample in the legend"
    );
    let all = svg(&chart([PLAIN, PLAIN], rows));
    assert!(all.contains("row 10") && !all.contains("row 11") && all.contains("and 9 more\n"));
}

#[test]
fn bands_are_areas_behind_the_line() {
    let mut banded = series("a", &[(1.0, 10.0), (2.0, 20.0), (3.0, 30.0), (4.0, 40.0)]);
    banded.band = Some(vec![(5.0, 15.0), (0.0, 30.0), (20.0, 45.0), (30.0, 60.0)]);
    for axes in [[PLAIN, PLAIN], [PLAIN, LOG]] {
        let drawn = svg(&chart(axes, vec![banded.clone()]));
        let polygon = drawn.lines().position(|line| line.starts_with("<polygon")).unwrap();
        let text = drawn.lines().nth(polygon).unwrap();
        assert!(text.contains("opacity=\"0.2\"") && text.contains(&hex(0)), "{text}");
        assert_eq!(text.matches(',').count(), 8, "both ends of four points: {text}");
        assert!(
            polygon
                < drawn.lines().position(|line| line.contains(&hex(0)) && line.contains("polyline")).unwrap()
        );
    }
    // Shorter than the points, with a hole, and the wrong way round: what there is, is drawn.
    banded.band = Some(vec![(15.0, 5.0), (f64::NAN, 1.0), (20.0, 45.0)]);
    let drawn = svg(&chart([PLAIN, PLAIN], vec![banded]));
    assert!(!drawn.contains("<polygon"));
    assert_eq!(line(&drawn, 0).len(), 4 + 2 + 2, "bars for bands of one point");
}

#[test]
fn many_points_make_a_small_file_that_shows_every_peak() {
    let mut points: Vec<_> = (0..100_000).map(|i| (f64::from(i), f64::from(i % 10))).collect();
    points[55_555].1 = 100.0;
    let chart = chart([PLAIN, PLAIN], vec![series("a", &points)]);
    let drawn = svg(&chart);
    assert!(drawn.len() < 120_000, "{}", drawn.len());
    let line = line(&drawn, 0);
    let highest = line.iter().map(|point| point.1).min().unwrap();
    assert_eq!(line.iter().filter(|point| point.1 == highest).count(), 1);
    assert_eq!(drawn, svg(&chart), "equal charts, equal bytes");
}

#[test]
fn long_and_strange_titles_fit() {
    let mut chart = chart([PLAIN, PLAIN], vec![series("a", &[(0.0, 1.0)])]);
    chart.title = "many words & a \u{1b}[31m code ".repeat(50);
    chart.x.label = "x".repeat(1000);
    let svg = svg(&chart);
    let texts: Vec<&str> = svg.lines().filter(|line| !line.starts_with('<')).collect();
    assert!(texts.iter().all(|text| text.replace("&amp;", "&").chars().count() <= 92), "{texts:?}");
    assert_eq!(texts.iter().filter(|text| text.contains("many words")).count(), 3);
    assert!(svg.contains("…\n"));
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none").join("chart.svg");
    let failure = chart([PLAIN, PLAIN], vec![]).write(&path).unwrap_err();
    assert_eq!(failure.exit_code(), 7);
    assert!(failure.to_string().contains("chart.svg"), "{failure}");
}
