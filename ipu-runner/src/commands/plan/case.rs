//! A training step on a machine.

use random_bases::model::ForNetwork;
use random_bases::run_spec::RunSpec;
use random_bases_core::descent::{Descent, Memory, Rates, Sizes};
use random_bases_core::nn::{Batch, Layer, Network};
use random_bases_core::numerics::Libm;
use random_bases_core::subspace::Strategy;

use crate::graph::{Fault, Graph, Program};
use crate::machine::{check_memory, usage};
use crate::program::{ProgramError, plan, plan_worker};
use crate::target::Target;

/// What is planned.
#[derive(Clone, Debug)]
pub(super) struct Case {
    /// The training.
    pub spec: RunSpec,
    /// The chips of one worker.
    pub target: Target,
    /// Of the step.
    pub rates: Rates,
    /// Of the step.
    pub strategy: Strategy,
}

impl Case {
    fn descent(&self) -> Descent {
        let mut descent = self.spec.descent(self.strategy);
        // Of FPD the second step, like all but the first.
        descent.resume(1);
        descent
    }

    /// Whether the buffers of the training alone, spread evenly, would fit: known before there is a graph, which could be too large for this
    /// process.
    ///
    /// # Errors
    /// If they would not.
    pub fn check_buffers(&self) -> Result<(), Fault> {
        let bytes = self.spec.network.with(Buffers(self));
        let (used, available) = (bytes.div_ceil(u64::from(self.target.tiles())), self.target.usable_bytes());
        if used <= available {
            return Ok(());
        }
        // Evenly: so tile 0 stands for all.
        let what = "the buffers of the training, even if they were all there is".into();
        Err(Fault::Memory { tile: 0, used, available, what, largest: used })
    }

    /// The step as a graph.
    ///
    /// # Errors
    /// If it is not one program.
    pub fn lower(&self) -> Result<(Graph, Program), ProgramError> {
        self.spec.network.with(Step(self))
    }

    /// Whether everything fits; if not, on which tile not.
    ///
    /// # Errors
    /// If the step is not one program.
    pub fn fault(&self) -> Result<Option<Fault>, ProgramError> {
        if let Err(fault) = self.check_buffers() {
            return Ok(Some(fault));
        }
        let (graph, program) = self.lower()?;
        Ok(check_memory(&usage(&graph, &[program]), &self.target).err())
    }
}

/// Bytes of a training's buffers and images.
struct Buffers<'c>(&'c Case);

impl ForNetwork for Buffers<'_> {
    type Output = u64;

    fn run<N: Network>(self) -> u64 {
        let images = self.0.spec.batch as usize;
        let sizes = Sizes::of_descent::<N>(&self.0.descent(), images, 1);
        4 * (sizes.floats() + images * (N::Layers::INPUT + 1)) as u64
    }
}

/// Lowers one step.
struct Step<'c>(&'c Case);

impl ForNetwork for Step<'_> {
    type Output = Result<(Graph, Program), ProgramError>;

    fn run<N: Network>(self) -> Self::Output {
        let Case { spec, target, rates, .. } = self.0;
        let (images, mut descent) = (spec.batch as usize, self.0.descent());
        let sizes = Sizes::of_descent::<N>(&descent, images, 1);
        let mut floats = vec![0.0; sizes.floats()];
        let mut memory = Memory::carve(sizes, &mut floats);
        let (input, labels) = (vec![0.0; images * N::Layers::INPUT], vec![0; images]);
        let mut batch = Batch { input: &input, labels: &labels };
        if spec.options.workers.count > 1 {
            plan_worker::<N, Libm>(target, &mut descent, *rates, &mut batch, &mut memory)
        } else {
            plan::<N, Libm>(target, &mut descent, *rates, &mut batch, &mut memory)
        }
    }
}
