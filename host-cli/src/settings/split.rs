//! Numbers that follow from the settings once the images are counted.

use random_bases_core::descent::learning_rate;

use super::amounts::{LearningRate, ValidationOffset, ValidationSize};
use super::rates::{tuned_rate, tuned_sgd_rate};
use super::table::Settings;
use crate::failure::Failure;

/// How the training images are divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// Images that are trained on.
    pub training: usize,
    /// Images set aside for validation: one run of consecutive ones.
    pub validation: usize,
    /// Index of the first validation image; `None` is to be drawn from the seed, in `0..=training`.
    pub offset: Option<usize>,
}

impl Settings {
    /// The base learning rate.
    pub fn base_learning_rate(&self) -> f32 {
        match self.learning_rate {
            LearningRate::Tuned => tuned_rate(self.network, self.dataset, self.method),
            LearningRate::Base(rate) => rate,
        }
    }

    /// The base learning rate of what follows the gradient.
    pub fn base_sgd_rate(&self) -> f32 {
        match self.sgd_learning_rate {
            LearningRate::Tuned => tuned_sgd_rate(self.network, self.dataset),
            LearningRate::Base(rate) => rate,
        }
    }

    /// The factor of an update before any schedule: the base learning rate times the batch size times the number of workers
    /// whose updates are averaged, rounded after each product in that order.
    pub fn effective_learning_rate(&self) -> f32 {
        learning_rate(self.base_learning_rate(), self.batch_size, self.options().workers.averaged())
    }

    /// The same of what follows the gradient, of which there is one worker.
    pub fn effective_sgd_rate(&self) -> f32 {
        learning_rate(self.base_sgd_rate(), self.batch_size, 1)
    }

    /// Divides `train` training images; `test` is the number of test images.
    pub fn split(&self, train: usize, test: usize) -> Result<Split, Failure> {
        let validation = match self.validation_size {
            ValidationSize::Auto => test,
            ValidationSize::Images(images) => images as usize,
        };
        if validation >= train {
            let auto = match self.validation_size {
                ValidationSize::Auto => "auto, as many as there are test images: ",
                ValidationSize::Images(_) => "",
            };
            return Err(Failure::configuration(format_args!(
                "validation_size = {auto}{validation}: that leaves nothing of {train} training images to \
                 train on; choose a smaller validation_size, or more train_images"
            )));
        }
        let training = train - validation;
        let batch = self.batch_size as usize;
        if batch > training {
            return Err(Failure::configuration(format_args!(
                "batch_size = {batch}: more than the {training} images that {train} training images leave \
                 after {validation} for validation; choose a smaller batch_size"
            )));
        }
        let offset = match self.validation_offset {
            ValidationOffset::Random => None,
            ValidationOffset::At(offset) if offset as usize <= training => Some(offset as usize),
            ValidationOffset::At(offset) => {
                return Err(Failure::configuration(format_args!(
                    "validation_offset = {offset}: {validation} validation images from there on are more \
                     than {train} training images hold; choose at most {training}, or \"random\""
                )));
            }
        };
        Ok(Split { training, validation, offset })
    }
}

#[cfg(test)]
mod tests {
    use super::super::layers::Layers;
    use super::*;

    fn defaults() -> Settings {
        Layers::defaults().unwrap().flatten(Vec::new()).unwrap().0
    }

    #[test]
    fn the_rate_is_scaled() {
        assert_eq!(defaults().base_learning_rate(), 1.0 / 32.0);
        assert_eq!(defaults().effective_learning_rate(), 1.0);
        assert_eq!(Settings { workers: 4, ..defaults() }.effective_learning_rate(), 4.0);
        let split = Settings { workers: 4, split_dimensions_across_workers: true, ..defaults() };
        assert_eq!(split.effective_learning_rate(), 1.0);
    }

    #[test]
    fn validation_is_as_large_as_the_test_set() {
        let split = defaults().split(60_000, 10_000).unwrap();
        assert_eq!(split, Split { training: 50_000, validation: 10_000, offset: None });
    }

    #[test]
    fn validation_has_to_leave_a_batch() {
        let mut settings = Settings { validation_size: ValidationSize::Images(68), ..defaults() };
        assert_eq!(settings.split(100, 0).unwrap().training, 32);
        assert!(settings.split(99, 0).unwrap_err().to_string().contains("batch_size = 32"));
        assert!(settings.split(68, 0).unwrap_err().to_string().contains("validation_size = 68"));
        assert!(settings.split(0, 0).is_err());
        settings.validation_size = ValidationSize::Auto;
        let message = settings.split(100, 100).unwrap_err().to_string();
        assert!(message.contains("validation_size = auto, as many as"), "{message}");
        settings.validation_size = ValidationSize::Images(0);
        assert_eq!(settings.split(32, 9).unwrap().validation, 0);
    }

    #[test]
    fn validation_has_to_end_within_the_images() {
        let at = |offset| {
            Settings { validation_offset: ValidationOffset::At(offset), ..defaults() }.split(60_000, 10_000)
        };
        assert_eq!(at(50_000).unwrap().offset, Some(50_000));
        assert!(at(50_001).unwrap_err().to_string().contains("at most 50000"));
        assert!(at(u32::MAX).is_err());
    }
}
