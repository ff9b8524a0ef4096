"""Workers of one configuration on many machines, started by submitit, sbatch or Kubernetes."""
