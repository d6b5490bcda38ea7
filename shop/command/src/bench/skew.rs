//! Popularity: how often each of many is chosen (Zipf's law; G. K. Zipf, Human Behavior and the Principle of Least Effort, 1949).

/// Chances of ranks, the most popular first.
pub(super) struct Skew {
    /// The weights of all ranks up to and including this one.
    sums: Vec<f64>,
}

impl Skew {
    /// `count` ranks (at least one), of which number N weighs `1 / N^exponent`.
    pub(super) fn new(count: usize, exponent: f64) -> Self {
        let mut sum = 0.0;
        let mut rank = 0.0_f64;
        let next = || {
            rank += 1.0;
            sum += rank.powf(-exponent);
            sum
        };
        Self { sums: std::iter::repeat_with(next).take(count.max(1)).collect() }
    }

    /// The rank, from 0, of a chance from 0 up to 1.
    pub(super) fn at(&self, chance: f64) -> usize {
        let wanted = chance * self.sums.last().copied().unwrap_or_default();
        self.sums.partition_point(|sum| *sum <= wanted).min(self.sums.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often each of `count` is chosen by 10,000 chances that are evenly spread.
    fn chosen(count: usize, exponent: f64) -> Vec<usize> {
        let skew = Skew::new(count, exponent);
        let mut chosen = vec![0; count];
        for chance in (0..10_000).map(|nth| f64::from(nth) / 10_000.0) {
            chosen[skew.at(chance)] += 1;
        }
        chosen
    }

    #[test]
    fn without_a_skew_all_are_chosen_alike() {
        assert_eq!(chosen(4, 0.0), [2_500; 4]);
    }

    #[test]
    fn the_second_is_chosen_half_as_often_as_the_first_and_the_last_still_is() {
        let chosen = chosen(100, 1.0);
        assert!(chosen[0].abs_diff(2 * chosen[1]) <= 2, "{chosen:?}");
        assert!(chosen[0].abs_diff(10 * chosen[9]) <= 10, "{chosen:?}");
        assert!(chosen[99] > 0, "{chosen:?}");
    }

    #[test]
    fn the_ends_of_chance_are_ranks_too() {
        let skew = Skew::new(3, 1.0);
        assert_eq!((skew.at(0.0), skew.at(1.0)), (0, 2));
        assert_eq!(Skew::new(1, 2.0).at(0.5), 0);
    }
}
