"""The notebooks in a real JupyterLab, driven as a learner does it, and the site: ``make browser``.

laboratory   a learner's folder, and the server that `make lab` starts on it
sheet        one notebook on the screen: keys, the mouse, and what is to be seen
learner      what a learner does in each cell, and what must be seen then
marking      what it is compared with
site_pages   every page of the site
chromium     the browser: the system's own, never one that is downloaded
"""
