"""One paper: Collins, Sohl-Dickstein, Sussillo, Capacity and Trainability in Recurrent Neural Networks, ICLR 2017.

Each figure is a folder with `config.py` (what is run), `figure.py` (which trials it draws, and how) and, where the
paper claims something by it, `claim.py`. `experiments.paper.folders` finds them: another figure is another folder.
"""
