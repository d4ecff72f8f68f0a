//! Two texts side by side in time: which lines stayed, which went, which came.
//!
//! In: an older and a newer text. Out: their lines in reading order, each with what became of it. Not here: where the
//! texts come from (`notice_history`).

/// Lines compared at most, of each text: a notice has at most 200 paragraphs.
const LINES_MAX: usize = 1_000;

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Stayed,
    Went,
    Came,
}

/// The lines of both texts: where one was replaced, the old stands before the new.
pub(super) fn lines<'a>(old: &'a str, new: &'a str) -> Vec<(Fate, &'a str)> {
    let (old, new): (Vec<&str>, Vec<&str>) =
        (old.lines().take(LINES_MAX).collect(), new.lines().take(LINES_MAX).collect());
    // The longest common subsequence of what follows each pair of lines.
    let mut common = vec![vec![0_u32; new.len() + 1]; old.len() + 1];
    for (i, was) in old.iter().enumerate().rev() {
        for (j, is) in new.iter().enumerate().rev() {
            common[i][j] = if was == is { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut lines = Vec::with_capacity(old.len() + new.len());
    while i < old.len() || j < new.len() {
        match (old.get(i), new.get(j)) {
            (Some(was), Some(is)) if was == is => {
                lines.push((Fate::Stayed, *was));
                (i, j) = (i + 1, j + 1);
            }
            (Some(was), next) if next.is_none() || common[i + 1][j] >= common[i][j + 1] => {
                lines.push((Fate::Went, *was));
                i += 1;
            }
            (_, Some(is)) => {
                lines.push((Fate::Came, *is));
                j += 1;
            }
            (_, None) => break,
        }
    }
    lines
}

#[cfg(test)]
mod tests;
